/** `--guard`: the cells of `--targets` in which no release is to be slower than the one before (reports/guard.mjs compares them). */
import { REFERENCE } from '../peers/catalogue.mjs';
import { FACES, targetsSections } from './targets.mjs';

const isSmall = (/** @type {import('./cells.mjs').Cell} */ { size }) => size === 512;
const isPipelined = (/** @type {import('./cells.mjs').Cell} */ { mode }) => mode === 'pipelined';

/** The cells taken of each section. @type {Record<string, (cell: import('./cells.mjs').Cell) => boolean>} */
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
      peers: [...FACES, REFERENCE],
      cells: section.cells.filter(isGuarded),
      // A ratio on another server says nothing of one on this.
      isServerEssential: true,
    };
  });
}
