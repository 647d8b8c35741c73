/** Makes elements, and shows the one tooltip of the page. */

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string | false | null | undefined | 0)} children
 */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child instanceof Node || typeof child === 'string'));
  return made;
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 */
export function svgElement(name, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** @param {number} share */
export function percent(share) {
  return `${(100 * share).toFixed(2)}%`;
}

/**
 * Shows lines of text in the tooltip while the pointer is over an element, or while the element has the focus.
 *
 * @param {Element} target
 * @param {() => string[]} lines
 */
export function tip(target, lines) {
  const box = /** @type {HTMLElement} */ (document.getElementById('tip'));
  const show = (/** @type {number} */ x, /** @type {number} */ y) => {
    const [head = '', ...rest] = lines().filter((line) => line !== '');
    box.replaceChildren(element('b', {}, head), ...rest.map((line) => element('span', {}, line)));
    box.hidden = false;
    const { width, height } = box.getBoundingClientRect();
    const left = Math.max(8, Math.min(x + 14, window.innerWidth - width - 8));
    const above = y - height - 12;
    box.style.transform = `translate(${left}px,${above < 8 ? y + 18 : above}px)`;
  };
  const hide = () => {
    box.hidden = true;
  };
  target.addEventListener('pointermove', (event) => {
    const { pointerType, clientX, clientY } = /** @type {PointerEvent} */ (event);
    if (pointerType === 'mouse') show(clientX, clientY);
  });
  target.addEventListener('pointerleave', hide);
  target.addEventListener('focus', () => {
    if (!target.matches(':focus-visible')) return;
    const { left, top } = target.getBoundingClientRect();
    show(left, top);
  });
  target.addEventListener('blur', hide);
}
