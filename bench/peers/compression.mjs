/** Turns compression on for the cells that measure it, and checks what was negotiated. */

/**
 * @param {string} extensions as the client tells them
 * @param {{ isCompressed?: boolean }} exchange
 * @throws Error if messages are compressed in a cell without compression, or the other way round
 */
export function checkCompression(extensions, { isCompressed = false }) {
  if (extensions.includes('permessage-deflate') === isCompressed) return;
  throw new Error(
    isCompressed ? 'no compression was negotiated' : `an extension was negotiated: ${extensions}`,
  );
}

/**
 * Adds to the options of a client of Wirespeed that it compresses every message, if the cell measures compression.
 *
 * @param {object | undefined} options
 * @param {{ isCompressed?: boolean }} exchange
 */
export function withCompression(options, { isCompressed }) {
  return isCompressed ? { ...options, perMessageDeflate: { threshold: 0 } } : options;
}
