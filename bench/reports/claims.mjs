/** The headline claims of the reference document, each compared with what was measured. */
import { cellTitle } from '../plans/cells.mjs';
import { slownessOf } from './measured.mjs';
import { figureText, rangeText } from './wording.mjs';

/** The share of a claimed lead that has to be measured. It is below 1 because the document gives no intervals. */
const ALLOWANCE = 0.8;

/** Sections of a plan, by name. */
const NEUTRAL = 'main';
const PUBLISHED = 'published';
const PUBLISHED_BURST = 'published-burst';
const AS_PUBLISHED = 'picows-as-published';

/**
 * @typedef {object} Claim
 * @property {string} quote as the document has it
 * @property {string} faster peer
 * @property {string[]} slower peers
 * @property {import('./measured.mjs').Cell[]} cells
 * @property {number} factor claimed at least
 */

const SMALL = { mode: 'rr', size: 512 };
const LARGE = { mode: 'rr', size: 65_536 };
const LARGE_PIPELINED = { mode: 'pipelined', size: 65_536 };

/** @type {Claim[]} */
export const CLAIMS = [
  {
    quote: 'picows dominates RR mode: 3-23x faster than alternatives',
    faster: 'picows',
    slower: [
      'websocket-rs-sync',
      'websocket-client',
      'websockets-async',
      'websockets-sync',
      'websocket-rs-tokio',
    ],
    cells: [SMALL, LARGE],
    factor: 3,
  },
  {
    quote: 'websocket-rs Async dominates pipelined mode: 12x faster than picows',
    faster: 'websocket-rs-tokio',
    slower: ['picows'],
    cells: [LARGE_PIPELINED],
    factor: 12,
  },
  {
    quote: 'websocket-rs Async dominates pipelined mode: 21x faster than websockets',
    faster: 'websocket-rs-tokio',
    slower: ['websockets-async'],
    cells: [LARGE_PIPELINED],
    factor: 21,
  },
  {
    quote: 'websocket-rs Sync: 1.85x faster than websocket-client',
    faster: 'websocket-rs-sync',
    slower: ['websocket-client'],
    cells: [LARGE],
    factor: 1.85,
  },
  {
    quote: 'websocket-rs Sync: 6.2x faster than websockets',
    faster: 'websocket-rs-sync',
    slower: ['websockets-async'],
    cells: [LARGE],
    factor: 6.2,
  },
  {
    quote: 'websocket-rs Sync is 3.8x slower than picows',
    faster: 'picows',
    slower: ['websocket-rs-sync'],
    cells: [LARGE],
    factor: 3.8,
  },
  {
    quote: 'websocket-rs Async is slower than Python async in RR mode: 17% slower',
    faster: 'websockets-async',
    slower: ['websocket-rs-tokio'],
    cells: [SMALL],
    factor: 1.17,
  },
];

export const VERDICTS = /** @type {const} */ ({
  holds: 'Holds',
  direction: 'Holds in direction, not in size',
  method: 'Holds only with the document’s own method',
  fails: 'Does not hold',
  undecided: 'Undecided: too much noise',
  unknown: 'Not measured',
});

/**
 * @typedef {object} Finding one pair of clients in one cell
 * @property {import('./measured.mjs').Cell} cell
 * @property {string} slower label
 * @property {NonNullable<ReturnType<typeof slownessOf>>} ratio the slower one's time over the faster one's
 * @property {boolean} isServerSaturated
 */

/**
 * @typedef {object} Judgement
 * @property {Claim} claim
 * @property {keyof typeof VERDICTS} verdict
 * @property {string} sentence
 * @property {Finding[]} neutral
 * @property {Finding[]} published
 */

/**
 * @param {import('./measured.mjs').Measured} measured
 * @returns {Judgement[]}
 */
export function judgeClaims(measured) {
  return CLAIMS.map((claim) => judge(measured, claim));
}

/**
 * @param {import('./measured.mjs').Measured} measured
 * @param {Claim} claim
 * @returns {Judgement}
 */
function judge(measured, claim) {
  const neutral = findingsOf(claim, (peer, cell) => measured.row(NEUTRAL, cell, peer));
  const published = findingsOf(claim, (peer, cell) => publishedRow(measured, peer, cell));
  const wanted = claim.slower.length * claim.cells.length;
  const verdict = verdictOf(
    neutral.length === wanted ? levelOf(neutral, claim) : undefined,
    published.length === wanted ? levelOf(published, claim) : undefined,
  );
  const faster = measured.peer(claim.faster).label;
  const grounds = [
    groundText(
      `On ${measured.serverLabel(NEUTRAL)}, with the same window for all`,
      faster,
      neutral,
    ),
    groundText(
      `Measured as the document did (${measured.serverLabel(PUBLISHED)}${claim.cells.includes(LARGE_PIPELINED) && claim.slower.includes('picows') ? ', picows as it was published' : ''})`,
      faster,
      published,
    ),
  ];
  const known = grounds.filter((text) => text !== undefined);
  const sentence = known.length > 0 ? known.join(' ') : 'This run did not measure these clients.';
  return { claim, verdict, sentence, neutral, published };
}

/**
 * Returns the row that was measured as the document did: on its own server. For picows pipelined that is also with all
 * messages sent at once, and every reply taken through a task and a queue.
 *
 * @param {import('./measured.mjs').Measured} measured
 * @param {string} peer
 * @param {import('./measured.mjs').Cell} cell
 */
function publishedRow(measured, peer, cell) {
  if (peer === 'picows' && cell.mode === 'pipelined') {
    return measured.row(PUBLISHED_BURST, { ...cell, mode: 'burst' }, AS_PUBLISHED);
  }
  return measured.row(PUBLISHED, cell, peer);
}

/**
 * @param {Claim} claim
 * @param {(peer: string, cell: import('./measured.mjs').Cell) => import('./measured.mjs').Row | undefined} rowOf
 * @returns {Finding[]}
 */
function findingsOf({ faster, slower, cells }, rowOf) {
  return cells.flatMap((cell) =>
    slower.flatMap((name) => {
      const row = rowOf(name, cell);
      const other = rowOf(faster, cell);
      const ratio = slownessOf(row, other);
      if (!row || !other || !ratio) return [];
      const isServerSaturated = [row, other].some(({ summary }) => summary?.isServerSaturated);
      return { cell, slower: row.peer.label, ratio, isServerSaturated };
    }),
  );
}

/** How much of a claim some findings show. @typedef {'size' | 'direction' | 'undecided' | 'none'} Level */

/**
 * Returns the level of the weakest finding.
 *
 * @param {readonly Finding[]} findings
 * @param {Claim} claim
 * @returns {Level}
 */
function levelOf(findings, { factor }) {
  const wanted = 1 + ALLOWANCE * (factor - 1);
  const isReached = (/** @type {Finding} */ { ratio }) => ratio.high >= wanted;
  const open = findings.filter(({ ratio }) => ratio.isTie || ratio.median < 1);
  if (open.length === 0) return findings.every(isReached) ? 'size' : 'direction';
  // A tie whose interval reaches as far as the claim neither shows it nor refutes it.
  return open.every((finding) => finding.ratio.isTie && isReached(finding)) ? 'undecided' : 'none';
}

/**
 * @param {Level | undefined} neutral
 * @param {Level | undefined} published
 * @returns {keyof typeof VERDICTS}
 */
export function verdictOf(neutral, published) {
  if (neutral === undefined) return 'unknown';
  if (neutral === 'size') return 'holds';
  if (neutral === 'undecided') return 'undecided';
  if (published === 'size') return 'method';
  if (neutral === 'direction') return 'direction';
  return published === 'direction' ? 'method' : 'fails';
}

/**
 * @param {string} where
 * @param {string} faster
 * @param {readonly Finding[]} findings
 */
function groundText(where, faster, findings) {
  const [first] = findings;
  if (!first) return undefined;
  const saturated = findings.some(({ isServerSaturated }) => isServerSaturated)
    ? ' The server was saturated there, which narrows such ratios.'
    : '';
  if (findings.length === 1) return `${where}: ${pairText(faster, first)}.${saturated}`;
  const sorted = [...findings].sort((a, b) => a.ratio.median - b.ratio.median);
  const [least, most] = [sorted[0] ?? first, sorted.at(-1) ?? first];
  const ahead = findings.filter(({ ratio }) => !ratio.isTie && ratio.median > 1).length;
  const span = rangeText({ low: least.ratio.median, high: most.ratio.median });
  return (
    `${where}: ${faster} is ahead in ${ahead} of ${findings.length} comparisons; the others take ${span} its time, from ` +
    `${placeText(least)} to ${placeText(most)}.${saturated}`
  );
}

/** @param {Finding} finding */
function placeText({ slower, cell, ratio }) {
  return `${slower} at ${cellTitle(cell)} (${rangeText(ratio)}${ratio.isTie ? ', a tie' : ''})`;
}

/**
 * @param {string} faster
 * @param {Finding} finding
 */
function pairText(faster, { slower, ratio }) {
  const factor = figureText(ratio);
  const tie = ratio.isTie ? ', which is a tie' : '';
  return `${slower} takes ${factor} the time of ${faster}${tie}`;
}
