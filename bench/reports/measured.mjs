/** Reads a samples file: its sections, their cells, and a row for every client in each cell. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { takesPart } from '../peers/catalogue.mjs';
import { Distribution } from '../samples/distribution.mjs';
import { judgeRatios } from '../samples/ratios.mjs';
import { parseSamples } from '../samples/samples-file.mjs';
import { bootstrapInterval, outlyingRounds, summarize } from '../samples/statistics.mjs';
import { groupBy } from './groups.mjs';

/**
 * @typedef {object} PeerFacts
 * @property {string} name
 * @property {string} label
 * @property {string} style blocking, await or callback
 * @property {string} [language]
 * @property {boolean} [isFloor]
 * @property {string} [server] the server that it loads, if the server is what is measured
 * @property {string} [version]
 * @property {string} [missing]
 * @property {string} [hint]
 */

/** @typedef {import('../samples/record.mjs').CellRecord} CellRecord */
/** @typedef {import('../plans/cells.mjs').Cell} Cell */

/**
 * @typedef {object} Section
 * @property {string} name
 * @property {string} title
 * @property {string} server
 * @property {readonly string[]} peers
 * @property {readonly Cell[]} cells
 * @property {boolean} [isTls]
 * @property {boolean} [isSameCore]
 */

/**
 * @typedef {import('../samples/statistics.mjs').Measurement & { samples: number[], sends: number[], receives: number[] }} Round
 */

/**
 * @typedef {object} Row one client in one cell
 * @property {PeerFacts} peer
 * @property {ReadonlyMap<number, Round>} rounds those that have samples
 * @property {string | undefined} failure why there is no figure at all
 * @property {string[]} failures of single rounds
 * @property {Summary | undefined} summary
 * @property {number | undefined} memory bytes per connection, in a cell that measures them
 * @property {ReadonlyMap<number, number>} figures of each round its median time, or its memory
 */

/**
 * @typedef {ReturnType<typeof summarize> & {
 *   medianInterval: import('../samples/statistics.mjs').Interval | undefined,
 *   p99Interval: import('../samples/statistics.mjs').Interval | undefined,
 *   outliers: number[],
 *   send: number | undefined,
 *   receive: number | undefined,
 * }} Summary
 */

/** A row that has figures. @typedef {Row & { summary: Summary }} MeasuredRow */

/**
 * Reads a file of samples, packed by gzip or not.
 *
 * @param {string} path
 * @throws {Error} if it is not of a run with a plan
 */
export function readRecords(path) {
  const bytes = readFileSync(path);
  const records = parseSamples(String(path.endsWith('.gz') ? gunzipSync(bytes) : bytes), path);
  if (Array.isArray(records.machine.sections)) return records;
  throw new Error(`${path} is not of a run with --seed or another plan: only those have reports`);
}

/** The `server` of a section in which every client loads another server. */
const EACH = 'each';

/** The records of a run, by section, cell and client. */
export class Measured {
  machine;
  /** @type {ReadonlyMap<string, PeerFacts>} */
  peers;
  /** @type {readonly Section[]} */
  sections;
  #records;
  /** Rows are made when they are first asked for, since their intervals take time. @type {Map<string, Row>} */
  #rows = new Map();

  /** @param {ReturnType<typeof readRecords>} records */
  constructor({ machine, cells }) {
    this.machine = machine;
    this.sections = machine.sections;
    this.peers = new Map(
      machine.peers.map((/** @type {PeerFacts} */ peer) => [
        peer.name,
        // Its language is that of the client which loads the server, not that of the server.
        peer.server === undefined ? peer : { ...peer, language: undefined },
      ]),
    );
    this.#records = groupBy(cells, (record) => keyOf(record.section, record, record.peer));
    /** How many rounds were begun. */
    this.rounds = cells.reduce((most, { round }) => Math.max(most, round), 0);
  }

  /**
   * @param {string} name
   * @returns {PeerFacts}
   */
  peer(name) {
    return this.peers.get(name) ?? { name, label: name, style: '' };
  }

  /** @param {string} name */
  section(name) {
    return this.sections.find((section) => section.name === name);
  }

  /**
   * The server of a section, in words.
   *
   * @param {string} name of the section
   */
  serverLabel(name) {
    const server = this.section(name)?.server ?? '';
    const facts = this.#serverFacts(server);
    if (!facts) return server === EACH ? 'each server in turn' : server;
    return facts.isNeutral ? `${facts.label} (neutral)` : facts.label;
  }

  /**
   * @param {string} section
   * @param {Cell} cell
   * @param {string} peer
   */
  row(section, cell, peer) {
    const facts = this.section(section);
    const isPlanned = facts?.cells.some((planned) => cellKey(planned) === cellKey(cell));
    if (!isPlanned || !facts.peers.includes(peer)) return undefined;
    if (!takesPart(this.peer(peer), cell)) return undefined;
    const key = keyOf(section, cell, peer);
    const known = this.#rows.get(key);
    if (known) return known;
    const made = rowOf(this.peer(peer), this.#records.get(key) ?? [], this.#serverFault(facts));
    this.#rows.set(key, made);
    return made;
  }

  /**
   * Every row of a cell, the fastest first, then those without figures.
   *
   * @param {Section} section
   * @param {Cell} cell
   * @returns {Row[]}
   */
  rows({ name, peers }, cell) {
    const rows = peers.flatMap((peer) => this.row(name, cell, peer) ?? []);
    const time = (/** @type {Row} */ { summary }) => summary?.median ?? Number.POSITIVE_INFINITY;
    return rows.sort((a, b) => (time(a) === time(b) ? 0 : time(a) - time(b)));
  }

  /** @param {Section} section */
  #serverFault({ server }) {
    const facts = this.#serverFacts(server);
    return facts?.missing ? `server ${facts.missing}: ${facts.hint}` : undefined;
  }

  /** @param {string} name */
  #serverFacts(name) {
    return this.machine.servers?.find((/** @type {any} */ server) => server.name === name);
  }
}

/** @param {Row} row @returns {row is MeasuredRow} */
export function isMeasured(row) {
  return row.summary !== undefined;
}

/**
 * Returns how many times as long as `other` a row took, or as much memory, round by round; undefined if one of them has
 * no figures.
 *
 * @param {Row | undefined} row
 * @param {Row | undefined} other
 */
export function slownessOf(row, other) {
  if (!row || !other) return undefined;
  const ratios = [...row.figures].flatMap(([round, figure]) => {
    const reference = other.figures.get(round);
    return reference === undefined ? [] : figure / reference;
  });
  return judgeRatios(ratios);
}

/**
 * @param {PeerFacts} peer
 * @param {readonly CellRecord[]} records
 * @param {string | undefined} serverFault
 * @returns {Row}
 */
function rowOf(peer, records, serverFault) {
  // If a round was run again, its last record counts.
  const last = [...new Map(records.map((record) => [record.round, record])).values()];
  const failures = last.flatMap(({ failure }) => failure ?? []);
  const good = last.filter(({ failure }) => failure === undefined);
  const rounds = new Map(
    good
      .filter(({ histogram }) => histogram && histogram.length > 0)
      .map((record) => [record.round, roundOf(record)]),
  );
  const memories = new Map(
    good.flatMap(({ round, bytesPerConnection: bytes }) => (bytes ? [[round, bytes]] : [])),
  );
  const medians = new Map([...rounds].map(([round, { times }]) => [round, times.quantile(0.5)]));
  const memory = medianOf([...memories.values()]);
  const summary = rounds.size > 0 ? summaryOf(rounds, peer) : undefined;
  const figures = rounds.size > 0 ? medians : memories;
  const row = { peer, rounds, failures, summary, memory, figures };
  if (summary || memory !== undefined) return { ...row, failure: undefined };
  const absence = peer.missing ? `${peer.missing}: ${peer.hint}` : serverFault;
  return { ...row, failure: failures[0] ?? absence ?? 'not reached by this run' };
}

/**
 * @param {CellRecord} record
 * @returns {Round}
 */
function roundOf({ histogram = [], times = [], sends = [], receives = [], ...record }) {
  return {
    times: Distribution.ofHistogram(histogram),
    samples: times,
    sends,
    receives,
    messages: record.messages ?? 0,
    elapsed: record.elapsed ?? Number.NaN,
    clientUser: record.clientUser ?? Number.NaN,
    clientSystem: record.clientSystem ?? Number.NaN,
    serverCpu: record.serverCpu,
  };
}

/**
 * @param {ReadonlyMap<number, Round>} rounds
 * @param {PeerFacts} peer
 * @returns {Summary}
 */
function summaryOf(rounds, peer) {
  const all = [...rounds.values()];
  const times = all.map((round) => round.times);
  const summary = summarize(rounds);
  return {
    ...summary,
    // If the server is what is measured, it should be busy.
    isServerSaturated: summary.isServerSaturated && peer.server === undefined,
    medianInterval: bootstrapInterval(times, 0.5),
    p99Interval: summary.p99 === undefined ? undefined : bootstrapInterval(times, 0.99),
    outliers: outlyingRounds(rounds),
    send: medianOf(all.flatMap(({ sends }) => sends)),
    receive: medianOf(all.flatMap(({ receives }) => receives)),
  };
}

/** @param {readonly number[]} values */
function medianOf(values) {
  return values.length === 0 ? undefined : Distribution.of(values).quantile(0.5);
}

/**
 * @param {string} section
 * @param {Cell} cell
 * @param {string} peer
 */
function keyOf(section, cell, peer) {
  return [section, cellKey(cell), peer].join(' ');
}

/** @param {Cell} cell */
function cellKey({ mode, size, content, connections, rate, compression }) {
  return [mode, size, content, connections, rate, compression].join();
}
