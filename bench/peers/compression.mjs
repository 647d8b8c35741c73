/** What was negotiated has to be what the cell is about. */

/**
 * @param {string} extensions as the client tells them
 * @param {{ isCompressed?: boolean }} exchange
 * @throws Error where messages are compressed and should not be, or the other way round
 */
export function checkCompression(extensions, { isCompressed = false }) {
  if (extensions.includes('permessage-deflate') === isCompressed) return;
  throw new Error(
    isCompressed ? 'no compression was negotiated' : `an extension was negotiated: ${extensions}`,
  );
}

/**
 * Adds to the options of a face what compresses every message, where the cell is about that.
 *
 * @param {object | undefined} options
 * @param {{ isCompressed?: boolean }} exchange
 */
export function withCompression(options, { isCompressed }) {
  return isCompressed ? { ...options, perMessageDeflate: { threshold: 0 } } : options;
}
