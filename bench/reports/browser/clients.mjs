/** Shows a client, in the same way everywhere on the page. */
import { kindText } from '../wording.mjs';
import { element } from './dom.mjs';

/** @param {any} peer */
export function kindOf({ isOurs, isFloor }) {
  if (isOurs) return 'ours';
  return isFloor ? 'floor' : 'rival';
}

/**
 * The name of a client, and below it notes about it and its row.
 *
 * @param {any} peer
 * @param {any} [row]
 */
export function nameOf(peer, row = {}) {
  const notes = [
    row.isSaturated && 'server saturated',
    row.partial,
    row.outliers && `round ${row.outliers.join(', ')} stands out`,
  ];
  return element(
    'span',
    { class: 'who' },
    element('b', {}, peer.label),
    element('small', {}, kindText(peer), ...notes.map((note) => note && element('em', {}, note))),
  );
}

/**
 * A row without figures.
 *
 * @param {any} peer
 * @param {any} row
 */
export function failedRow(peer, row) {
  return element(
    'div',
    { class: `row client failed ${kindOf(peer)}` },
    nameOf(peer),
    element('span', { class: 'why' }, row.failure ?? row.partial),
  );
}
