/** Packs what the script of the page needs into as few bytes as possible: the figures of every row, and their samples. */
import { gzipSync } from 'node:zlib';
import { cellDetails, modeTitle } from '../../plans/cells.mjs';
import { bucketOf } from '../../samples/record.mjs';
import { isWirespeed } from '../standings.mjs';

/** Bars of a distribution per doubling of time. */
const BARS_PER_OCTAVE = 24;

/**
 * @typedef {object} PageRow
 * @property {number} peer index
 * @property {string} [failure] instead of figures
 * @property {string} [partial] why some rounds have none
 * @property {number} [median] µs
 * @property {[number, number]} [interval] of the median
 * @property {number} [p99]
 * @property {[number, number]} [p99Interval]
 * @property {number} [p999]
 * @property {number} [rate]
 * @property {number} [send]
 * @property {number} [receive]
 * @property {number} [user] CPU of the client per message
 * @property {number} [system]
 * @property {number} [server]
 * @property {number} [serverBusy] share of the time
 * @property {number} [clientBusy]
 * @property {boolean} [isSaturated]
 * @property {number} [count] of samples
 * @property {number[]} [outliers] rounds
 * @property {[first: number, ...counts: number[]]} [bars] the first bar's number, then how many samples each has
 * @property {[round: number, median: number, p99: number, count: number, cpu: number, server: number | null][]} [rounds]
 * @property {number} [memory] bytes per connection
 */

/** @param {import('../measured.mjs').Measured} measured */
export function pageData(measured) {
  const names = [...measured.peers.keys()];
  return {
    barsPerOctave: BARS_PER_OCTAVE,
    peers: [...measured.peers.values()].map(
      ({ name, label, style, language, version, isFloor }) => ({
        name,
        label,
        style,
        language,
        version,
        isFloor,
        isOurs: isWirespeed({ peer: { name } }),
      }),
    ),
    sections: measured.sections.map((section) => ({
      name: section.name,
      title: section.title,
      server: section.server,
      cells: section.cells.map((cell) => ({
        mode: cell.mode,
        modeTitle: modeTitle(cell.mode),
        details: cellDetails(cell),
        rows: measured.rows(section, cell).map((row) => pageRow(row, names)),
      })),
    })),
  };
}

/**
 * @param {import('../measured.mjs').Row} row
 * @param {readonly string[]} names
 * @returns {PageRow}
 */
function pageRow({ peer, summary, failure, failures, rounds, memory }, names) {
  const index = names.indexOf(peer.name);
  if (failure !== undefined) return { peer: index, failure };
  const partial =
    failures.length > 0
      ? `${failures.length} of ${rounds.size + failures.length} rounds failed: ${failures[0]}`
      : undefined;
  if (!summary) return { peer: index, partial, memory };
  return {
    peer: index,
    partial,
    memory,
    median: short(summary.median),
    interval: ends(summary.medianInterval),
    p99: short(summary.p99),
    p99Interval: ends(summary.p99Interval),
    p999: short(summary.p999),
    rate: short(summary.rate),
    send: short(summary.send),
    receive: short(summary.receive),
    user: short(summary.clientUser),
    system: short(summary.clientSystem),
    server: short(summary.serverCpu),
    serverBusy: short(summary.serverBusy),
    clientBusy: short(summary.clientBusy),
    isSaturated: summary.isServerSaturated || undefined,
    count: summary.times.count,
    outliers: summary.outliers.length > 0 ? summary.outliers : undefined,
    bars: barsOf(summary.times),
    rounds: [...rounds].map(([round, { times, messages, clientUser, clientSystem, serverCpu }]) => [
      round,
      Number(short(times.quantile(0.5), 5)),
      Number(short(times.quantile(0.99))),
      times.count,
      Number(short((clientUser + clientSystem) / messages)),
      serverCpu === undefined ? null : Number(short(serverCpu / messages)),
    ]),
  };
}

/**
 * @param {import('../../samples/distribution.mjs').Distribution} times
 * @returns {[number, ...number[]]}
 */
function barsOf(times) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const [time, count] of times) {
    const bar = Math.round(Math.log2(time) * BARS_PER_OCTAVE);
    counts.set(bar, (counts.get(bar) ?? 0) + count);
  }
  const first = Math.min(...counts.keys());
  const last = Math.max(...counts.keys());
  return [first, ...Array.from({ length: last - first + 1 }, (_, i) => counts.get(first + i) ?? 0)];
}

/**
 * Packs the raw samples of every round, by section, cell and peer. A sample is the number of a bucket that is half a per
 * cent wide. They are base64 of gzip, which the page unpacks when a row is opened.
 *
 * @param {import('../measured.mjs').Measured} measured
 */
export function packSamples(measured) {
  const names = [...measured.peers.keys()];
  const samples = measured.sections.map((section) =>
    section.cells.map((cell) =>
      Object.fromEntries(
        measured
          .rows(section, cell)
          .map(({ peer, rounds }) => [
            names.indexOf(peer.name),
            Object.fromEntries(
              [...rounds].map(([round, { samples: all }]) => [round, all.map(bucketOf)]),
            ),
          ]),
      ),
    ),
  );
  return gzipSync(JSON.stringify(samples), { level: 9 }).toString('base64');
}

/**
 * Four significant digits.
 *
 * @param {number | undefined} value
 * @param {number} [digits]
 */
function short(value, digits = 4) {
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return Number(value.toPrecision(digits));
}

/**
 * @param {import('../../samples/statistics.mjs').Interval | undefined} interval
 * @returns {[number, number] | undefined}
 */
function ends(interval) {
  if (!interval) return undefined;
  return [Number(short(interval.low)), Number(short(interval.high))];
}
