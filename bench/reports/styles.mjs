/** The styles in which clients take replies, in the order of the reports. */

export const STYLES = /** @type {Record<string, string>} */ ({
  blocking: 'Blocking calls',
  await: 'await and iterators',
  callback: 'Callbacks',
});
