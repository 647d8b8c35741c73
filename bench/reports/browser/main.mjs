/** Starts the page: the switch between light and dark, the tips of the pictures, the explorer. */
import { tip } from './dom.mjs';
import { startExplorer } from './explorer.mjs';

const THEMES = ['auto', 'light', 'dark'];

startTheme();
for (const target of document.querySelectorAll('[data-tip]')) {
  tip(target, () => String(target.getAttribute('data-tip')).split('\n'));
}
startExplorer(JSON.parse(textOf('data')), once(unpackSamples));

function startTheme() {
  const button = /** @type {HTMLElement} */ (document.getElementById('theme'));
  const set = (/** @type {string} */ theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = theme;
    button.setAttribute('aria-label', `Colours: ${theme}`);
    remember(theme);
  };
  set(THEMES.includes(remembered()) ? remembered() : 'auto');
  button.addEventListener('click', () => {
    const next = THEMES.indexOf(String(document.documentElement.dataset.theme)) + 1;
    set(THEMES[next % THEMES.length] ?? 'auto');
  });
}

/** @param {string} theme */
function remember(theme) {
  try {
    localStorage.setItem('theme', theme);
  } catch {
    // A browser may not let a page that is opened from a file store anything.
  }
}

function remembered() {
  try {
    return localStorage.getItem('theme') ?? '';
  } catch {
    return '';
  }
}

async function unpackSamples() {
  const bytes = Uint8Array.from(atob(textOf('samples')), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

/**
 * @template T
 * @param {() => T} make
 */
function once(make) {
  /** @type {T | undefined} */
  let made;
  return () => (made ??= make());
}

/** @param {string} id */
function textOf(id) {
  return String(document.getElementById(id)?.textContent);
}
