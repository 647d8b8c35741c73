/** Draws bars that begin at zero: CPU per message, memory per connection. */
import { bytesText, factorText, threeDigits } from '../wording.mjs';
import { failedRow, kindOf, nameOf } from './clients.mjs';
import { element, percent, tip } from './dom.mjs';

/**
 * @param {HTMLElement} list
 * @param {readonly any[]} rows
 * @param {readonly any[]} peers
 */
export function renderCpu(list, rows, peers) {
  const known = rows.filter((row) => row.user !== undefined);
  const most = Math.max(...known.map((row) => Math.max(cpuOf(row), row.server ?? 0)));
  const sorted = [...known].sort((a, b) => cpuOf(a) - cpuOf(b));
  list.replaceChildren(...sorted.map((row) => cpuRow(row, peers[row.peer], most)));
}

/**
 * @param {any} row
 * @param {any} peer
 * @param {number} most µs
 */
function cpuRow(row, peer, most) {
  const bar = (
    /** @type {string} */ name,
    /** @type {number} */ from,
    /** @type {number} */ size,
  ) =>
    element('i', {
      class: `bar ${name}`,
      style: `left:${percent(from / most)};width:${percent(size / most)}`,
    });
  const hasServer = row.server !== undefined;
  const line = element(
    'div',
    { class: `row client ${kindOf(peer)}`, tabindex: '0' },
    nameOf(peer),
    element(
      'span',
      { class: 'track' },
      bar('user', 0, row.user),
      bar('system', row.user, row.system),
      hasServer && bar('server', 0, row.server),
    ),
    element('span', { class: 'median' }, `${threeDigits(cpuOf(row))} µs`),
    element(
      'span',
      { class: 'factor' },
      hasServer ? `${threeDigits(row.server)} µs${row.isSaturated ? ' !' : ''}` : '',
    ),
  );
  tip(line, () => [
    peer.label,
    `client ${threeDigits(cpuOf(row))} µs: user ${threeDigits(row.user)}, system ${threeDigits(row.system)}; busy ${shareText(row.clientBusy)}`,
    hasServer ? `server ${threeDigits(row.server)} µs; busy ${shareText(row.serverBusy)}` : '',
  ]);
  return line;
}

/**
 * @param {HTMLElement} list
 * @param {readonly any[]} rows
 * @param {readonly any[]} peers
 */
export function renderMemory(list, rows, peers) {
  const known = rows.filter((row) => row.memory !== undefined);
  const sorted = [...known].sort((a, b) => a.memory - b.memory);
  const most = Math.max(...known.map((row) => row.memory));
  const drawn = sorted.map((row) =>
    element(
      'div',
      { class: `row client ${kindOf(peers[row.peer])}` },
      nameOf(peers[row.peer], row),
      element(
        'span',
        { class: 'track' },
        element('i', { class: 'bar', style: `width:${percent(row.memory / most)}` }),
      ),
      element('span', { class: 'median' }, bytesText(row.memory)),
      element('span', { class: 'factor' }, `${factorText(row.memory / sorted[0].memory)}×`),
    ),
  );
  const failed = rows.filter((row) => row.memory === undefined);
  list.replaceChildren(...drawn, ...failed.map((row) => failedRow(peers[row.peer], row)));
}

/** @param {any} row */
function cpuOf({ user, system }) {
  return user + system;
}

/** @param {number} share */
function shareText(share) {
  return `${Math.round(100 * share)} %`;
}
