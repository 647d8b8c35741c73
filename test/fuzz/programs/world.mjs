// Everything of one case in the process under test: a server, the clients, and a player for each end.
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { serve } from 'wirespeed/server';
import { BlockingClient, Client, ControlClient, DEFLATE } from './clients.mjs';
import { answerBy, isFaulty } from './hooks.mjs';
import { purposeOf } from './on-purpose.mjs';
import { CONTROL, Player } from './player.mjs';
import { doStep } from './steps.mjs';
import { CLOSE_TIMEOUT, DRIVEN_LIMIT, HANDSHAKE_TIMEOUT } from './times.mjs';

const certificate = (name) =>
  readFileSync(new URL(`../../support/certificates/${name}.pem`, import.meta.url));
const TLS = { cert: certificate('localhost'), key: certificate('server-key') };

export class World {
  journal;
  /** Clients that connect, and steps that run outside of any handler. */
  running = 0;
  #input;
  #server;
  #players = new Map();
  /** The clients, by the numbers of their links. */
  #clients = new Map();
  #faults = [];
  /** Errors thrown on purpose, and where each was reported. */
  #thrown = [];
  #told = [];
  #uncaught = [];
  #warnings = [];
  /** How often the library reported that a handler returned a promise, by the place of the report. */
  #promises = { option: 0, handler: 0, uncaught: 0 };
  /** Connections found where they should not be. */
  #misplaced = new Set();
  #isClosedByProgram = false;

  constructor(input, journal) {
    this.#input = input;
    this.journal = journal;
  }

  /** Starts the server. Returns its port. */
  async start() {
    const { server, links } = this.#input;
    for (const [index, link] of links.entries()) this.#prepare(index, link);
    this.#clients.set('control', new ControlClient(this));
    this.#addPlayer(CONTROL, 'server', {}, server.views);
    this.#server = await serve({
      host: '127.0.0.1',
      handlers: this.#handlers(server),
      closeTimeout: CLOSE_TIMEOUT,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      sendHighWaterMark: server.highWaterMark,
      maxBufferedAmount: server.maxBufferedAmount,
      perMessageDeflate: server.deflate ? DEFLATE : false,
      views: server.views,
      ...(server.tls ? { tls: TLS } : {}),
      ...(server.hasHook ? { request: (request) => this.#decide(request) } : {}),
      ...(server.hasErrorOption ? { error: (error, context) => this.#tell(error, context) } : {}),
    });
    return this.#server.port;
  }

  /** Connects the clients, and runs their programs. */
  run(ports) {
    for (const [name, client] of this.#clients) {
      const isOurs = this.#input.links[name]?.kind === 'both';
      client.start(isOurs ? this.#server.port : ports[name]);
    }
  }

  get isSecure() {
    return this.#input.server.tls;
  }

  get isQuiet() {
    if (this.running > 0) return false;
    return [...this.#players.values()].every((player) => player.running === 0);
  }

  fault(end, text) {
    this.#faults.push({ end, text });
  }

  noteThrown(record) {
    this.#thrown.push({ ...record, told: [] });
    return this.#thrown.length - 1;
  }

  /** An error was reported to a handler or to the server's option `error`, or was uncaught. */
  noteTold(error, where) {
    const purpose = this.#thrown[purposeOf(error)];
    if (purpose !== undefined) {
      purpose.told.push(where);
      return true;
    }
    const isOfPromise = /returned a promise/.test(error?.cause?.message ?? error?.message);
    if (isOfPromise) this.#promises[where]++;
    return isOfPromise;
  }

  /** An error was uncaught. */
  noteUncaught(error, kind) {
    this.journal.note('-', `${kind}: ${error?.stack ?? inspect(error)}`);
    const isKnown = this.noteTold(error, 'uncaught');
    if (!isKnown) this.#uncaught.push(`${kind}: ${inspect(error)}`);
  }

  noteWarning(warning) {
    this.journal.note('-', `warning: ${warning.name} ${warning.code}: ${warning.message}`);
    this.#warnings.push({ name: warning.name, code: warning.code, text: warning.message });
  }

  /** The connected players that a step is about. */
  playersFor(player, to) {
    if (typeof to === 'number') {
      const all = [...this.#players.values()];
      const others = all.filter(({ ws, isControl }) => ws !== undefined && !isControl);
      return others.length === 0 ? [] : [others[to % others.length]];
    }
    const all = [];
    for (const ws of this.#server.connections) {
      const target = this.#playerOf(ws);
      if (to === 'all' || target !== player) all.push(target);
    }
    return all;
  }

  /** Checks that the server lists open connections only. */
  checkConnections() {
    for (const ws of this.#server.connections) {
      if (ws.state === 'open' || this.#misplaced.has(ws)) continue;
      this.#misplaced.add(ws);
      this.#playerOf(ws).fault(`is ${ws.state} and in connections`);
    }
  }

  /** Ends all connections and the server. `order` says which come first. */
  async end(order) {
    for (const player of this.#players.values()) player.beginEnd();
    if (order === 'peers') await this.#allClosed(CLOSE_TIMEOUT / 2);
    const clients = [...this.#clients.values()];
    const server = this.#endServer();
    for (const client of clients) client.close();
    await server;
    await Promise.all(clients.map((client) => client.end()));
    await this.#allClosed(DRIVEN_LIMIT);
    for (const player of this.#players.values()) player.checkEnd();
  }

  /** A program closes the server. */
  closeServer() {
    this.#isClosedByProgram = true;
    for (const ws of this.#server.connections) this.#playerOf(ws).noteClosing();
    this.#server.close().catch((error) => this.fault('-', `server.close fails: ${inspect(error)}`));
  }

  /** The report for the judge. */
  report() {
    return {
      players: [...this.#players.values()].map(({ record }) => record),
      faults: this.#faults,
      thrown: this.#thrown,
      uncaught: this.#uncaught,
      told: this.#told,
      promises: this.#promises,
      warnings: this.#warnings,
      isClosedByProgram: this.#isClosedByProgram,
    };
  }

  /** The connection objects, to check that they can be collected. */
  connections() {
    return [...this.#players.values()].flatMap(({ ws }) => (ws === undefined ? [] : [ws]));
  }

  #prepare(index, { kind, server, client }) {
    if (kind !== 'dial') this.#addPlayer(`${index}s`, 'server', server, this.#input.server.views);
    if (kind === 'accept') return;
    const { face, handlers, views } = client;
    const player = this.#addPlayer(`${index}c`, face, handlers, face === 'events' && views);
    const Kind = face === 'sync' ? BlockingClient : Client;
    this.#clients.set(index, new Kind(player, client));
  }

  #addPlayer(end, face, program, views) {
    const player = new Player(this, { end, face, program, views });
    this.#players.set(end, player);
    return player;
  }

  #endOf(request) {
    return request.headers.get('x-link') ?? 'unknown';
  }

  #playerOf(ws) {
    const player = this.#players.get(this.#endOf(ws.request));
    player.ws ??= ws;
    return player;
  }

  #handlers({ hasErrorHandler, frames }) {
    const of = (ws) => this.#playerOf(ws);
    return this.#players.get(CONTROL).handlers({ of, hasErrorHandler, frames });
  }

  #decide(request) {
    const end = this.#endOf(request);
    const link = this.#input.links[Number.parseInt(end, 10)];
    if (link === undefined) return undefined;
    const { answer, steps } = link.hook;
    this.journal.note(end, `the hook answers: ${JSON.stringify(answer)}`);
    for (const step of steps) {
      doStep(this.#players.get(end), step, { handler: 'request', mayThrow: false });
    }
    const id = this.noteThrown({ end, handler: 'request', isFaulty: isFaulty(answer) });
    return answerBy(answer, id);
  }

  /** The server's option `error` is called. */
  #tell(error, context) {
    const [first] = inspect(error).split('\n');
    this.journal.note('-', `error option: ${first} ${inspect(context, { depth: 0 })}`);
    this.#told.push(first);
    this.noteTold(error, 'option');
    const { faultOfErrorOption: fault } = this.#input.server;
    if (fault === 'throws') throw new Error("the option 'error' throws");
    return fault === 'rejects'
      ? Promise.reject(new Error("the option 'error' rejects"))
      : undefined;
  }

  async #endServer() {
    const { connections } = this.#server;
    for (const ws of connections) this.#playerOf(ws).noteClosing();
    this.journal.note('-', `server.close with ${connections.size} open`);
    const limit = new Promise((resolve) => setTimeout(resolve, DRIVEN_LIMIT, 'late').unref());
    const outcome = await Promise.race([this.#server.close(), limit]);
    if (outcome === 'late') this.fault('-', 'server.close is not fulfilled');
    if (connections.size > 0) this.fault('-', `${connections.size} connections after server.close`);
    this.journal.note('-', 'the server is closed');
  }

  /** Waits until every connection is closed, or for so long. */
  async #allClosed(limit) {
    const until = performance.now() + limit;
    const players = [...this.#players.values()].filter(({ isControl }) => !isControl);
    const isOpen = ({ ws, state }) => ws !== undefined && state !== 'closed';
    while (players.some(isOpen) && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
