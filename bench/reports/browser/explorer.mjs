/** The explorer of the page. It shows one cell at a time: its ranking, distributions, CPU and samples. */
import { renderCpu, renderMemory } from './bars.mjs';
import { element } from './dom.mjs';
import { renderPercentiles } from './percentiles.mjs';
import { renderRanking } from './ranking.mjs';
import { renderRounds } from './rounds.mjs';

/**
 * @param {any} data of page-data.mjs
 * @param {() => Promise<any>} loadSamples
 */
export function startExplorer(data, loadSamples) {
  const root = /** @type {HTMLElement} */ (document.getElementById('explorer'));
  const part = (/** @type {string} */ selector) =>
    /** @type {HTMLElement} */ (root.querySelector(selector));
  const state = { section: 0, mode: '', details: '', style: 'all', baseline: -1 };
  let resizing = 0;

  readHash();
  window.addEventListener('hashchange', () => {
    if (!readHash()) return;
    show();
    root.scrollIntoView();
  });
  window.addEventListener('resize', () => {
    clearTimeout(resizing);
    resizing = window.setTimeout(showCurves, 100);
  });
  show();

  function show() {
    settle();
    showChoices();
    const { cell, section } = current();
    const rows = shownRows();
    const { peers, barsPerOctave } = data;
    const isMemory = rows.some((row) => row.memory !== undefined);
    root.classList.toggle('is-memory', isMemory);
    part('.cell-title').textContent = [
      `${cell.modeTitle}${cell.details && `, ${cell.details}`}`,
      section.server === 'each' ? 'each server' : `server ${section.server}`,
    ].join(' · ');
    part('.cell-note').textContent = section.title;
    if (isMemory) {
      renderMemory(part('.ranking'), rows, peers);
      return;
    }
    renderRanking(part('.ranking'), rows, {
      peers,
      barsPerOctave,
      baseline: state.baseline,
      openRow,
    });
    renderCpu(part('.cpu'), rows, peers);
    showCurves();
  }

  function showCurves() {
    const measured = shownRows().filter((row) => row.median !== undefined);
    renderPercentiles(part('.percentiles'), measured, data);
  }

  /** @param {any} row */
  function openRow(row) {
    return renderRounds(row, data.peers[row.peer], {
      loadSamples,
      place: [state.section, current().index, row.peer],
      compare: (peer) => {
        state.baseline = peer;
        show();
      },
    });
  }

  /** Replaces each choice that the current section does not have by its first one. */
  function settle() {
    const { cells } = data.sections[state.section];
    if (!cells.some(isOfMode)) state.mode = cells[0].mode;
    const ofMode = cells.filter(isOfMode);
    if (!ofMode.some((/** @type {any} */ cell) => cell.details === state.details)) {
      state.details = ofMode[0].details;
    }
    const { rows } = current().cell;
    const isOfStyle = (/** @type {any} */ { peer }) => data.peers[peer].style === state.style;
    if (!rows.some(isOfStyle)) state.style = 'all';
  }

  /** @param {any} cell */
  function isOfMode(cell) {
    return cell.mode === state.mode;
  }

  function current() {
    const section = data.sections[state.section];
    const index = section.cells.findIndex(
      (/** @type {any} */ cell) => isOfMode(cell) && cell.details === state.details,
    );
    return { section, cell: section.cells[index], index };
  }

  /** @returns {any[]} */
  function shownRows() {
    return current().cell.rows.filter((/** @type {any} */ row) => {
      const { style, isFloor } = data.peers[row.peer];
      return state.style === 'all' || style === state.style || isFloor;
    });
  }

  function showChoices() {
    const { cells } = current().section;
    const modes = new Map(cells.map((/** @type {any} */ cell) => [cell.mode, cell.modeTitle]));
    const styles = new Set(
      current().cell.rows.map((/** @type {any} */ { peer }) => data.peers[peer].style),
    );
    choices(
      'section',
      data.sections.map((/** @type {any} */ { name }, /** @type {number} */ index) => [
        index,
        name,
      ]),
    );
    choices('mode', [...modes]);
    choices(
      'details',
      cells.filter(isOfMode).map((/** @type {any} */ { details }) => [details, details || 'all']),
    );
    choices(
      'style',
      ['all', ...styles].map((style) => [style, style]),
    );
  }

  /**
   * @param {'section' | 'mode' | 'details' | 'style'} name
   * @param {[value: any, text: string][]} options
   */
  function choices(name, options) {
    const group = part(`[data-choice=${name}]`);
    const buttons = options.map(([value, text]) => {
      const isChosen = value === state[name];
      const button = element('button', { type: 'button', 'aria-pressed': String(isChosen) }, text);
      button.addEventListener('click', () => {
        Object.assign(state, { [name]: value, baseline: -1 });
        show();
        writeHash();
        part(`[data-choice=${name}] [aria-pressed=true]`).focus({ preventScroll: true });
      });
      return button;
    });
    group.replaceChildren(...buttons);
    group.hidden = buttons.length < 2;
  }

  function readHash() {
    const place = /^#cell=([^/]*)\/([^/]*)\/(.*)$/.exec(decodeURIComponent(location.hash));
    const index = data.sections.findIndex((/** @type {any} */ { name }) => name === place?.[1]);
    if (!place || index < 0) return false;
    Object.assign(state, { section: index, mode: place[2], details: place[3], baseline: -1 });
    return true;
  }

  function writeHash() {
    const { name } = data.sections[state.section];
    const place = encodeURIComponent(`${name}/${state.mode}/${state.details}`);
    history.replaceState(null, '', `#cell=${place}`);
  }
}
