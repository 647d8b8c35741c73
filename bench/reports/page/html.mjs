/** Makes HTML from text. */

/** @param {unknown} text */
function escapeHtml(text) {
  return String(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/**
 * Fills a template: its values are escaped, arrays are joined, and what `raw` returns is left as it is.
 *
 * @param {TemplateStringsArray} strings
 * @param {...unknown} values
 * @returns {Raw}
 */
export function html(strings, ...values) {
  const text = strings.reduce((all, string, index) => all + textOf(values[index - 1]) + string);
  return new Raw(text);
}

/** HTML as it is. */
class Raw {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/** @param {string} text HTML */
export function raw(text) {
  return new Raw(text);
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function textOf(value) {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return value.map(textOf).join('');
  return escapeHtml(value);
}
