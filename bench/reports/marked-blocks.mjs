/** Fills the figures in documents. The text between a pair of marks is made from records, never written by hand. */

const MARKED = /(<!-- bench: (\S+) -->\n)[\s\S]*?(<!-- \/bench -->)/g;

/**
 * Fills every marked block of a document. A block for which the run has no figures stays as it is.
 *
 * @param {string} document Markdown
 * @param {Record<string, () => string | undefined>} blocks what makes the text of each name
 * @throws {Error} for a name that is not in `blocks`
 */
export function fillBlocks(document, blocks) {
  return document.replace(MARKED, (all, start, name, end) => {
    const render = blocks[name];
    if (!render) {
      throw new Error(`no block is called ${name}; there are ${Object.keys(blocks).join(', ')}`);
    }
    const text = render();
    return text === undefined ? all : `${start}\n${text}\n\n${end}`;
  });
}
