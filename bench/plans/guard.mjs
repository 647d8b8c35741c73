/**
 * `--guard`: the cells of `--targets` in which a release must not be slower than the one before. `reports/guard.mjs`
 * compares the two.
 */
import { REFERENCE } from '../peers/catalogue.mjs';
import { OUR_CLIENTS, targetsSections } from './targets.mjs';

const isSmall = (/** @type {import('./cells.mjs').Cell} */ { size }) => size === 512;
const isPipelined = (/** @type {import('./cells.mjs').Cell} */ { mode }) => mode === 'pipelined';

/** Which cells of each section are taken. @type {Record<string, (cell: import('./cells.mjs').Cell) => boolean>} */
const GUARDED = {
  'pipelined-bun': () => true,
  'same-core': isSmall,
  'other-core': isSmall,
  receive: ({ size }) => size === 256,
  text: (cell) => isSmall(cell) && isPipelined(cell),
  tls: (cell) => isSmall(cell) && isPipelined(cell),
};

/** @returns {import('./plan.mjs').Section[]} */
export function guardSections() {
  return targetsSections().flatMap((section) => {
    const isGuarded = GUARDED[section.name];
    if (!isGuarded) return [];
    return {
      ...section,
      peers: [...OUR_CLIENTS, REFERENCE],
      cells: section.cells.filter(isGuarded),
      // Ratios that were measured on different servers cannot be compared.
      isServerEssential: true,
    };
  });
}
