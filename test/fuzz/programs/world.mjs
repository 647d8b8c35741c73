// All that one case has in the process under test: a server, the clients, and a player for each end.
import { inspect } from 'node:util';
import { connect } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { serve } from 'wirespeed/server';
import { answerBy, isFaulty } from './hooks.mjs';
import { purposeOf } from './on-purpose.mjs';
import { Player } from './player.mjs';
import { CLOSE_TIMEOUT, CONNECT_TIMEOUT, DRIVEN_LIMIT, HANDSHAKE_TIMEOUT } from './times.mjs';

/** The end of the server's that serves the control connection. */
const CONTROL = 'control-s';
const DEFLATE = { threshold: 100, serverNoContextTakeover: true, clientNoContextTakeover: true };
const HANDLERS = ['open', 'batchEnd', 'drain', 'ping', 'pong', 'close'];

export class World {
  journal;
  /** Steps that run besides any handler. */
  running = 0;
  #input;
  #server;
  #players = new Map();
  #faults = [];
  /** Errors thrown on purpose, and where each was told. */
  #thrown = [];
  #told = [];
  #hookFaults = [];
  #connecting = [];
  #uncaught = [];
  #controlClient;
  /** Connections found where they should not be. */
  #misplaced = new Set();

  constructor(input, journal) {
    this.#input = input;
    this.journal = journal;
  }

  /** Starts the server; returns its port. */
  async start() {
    const { server } = this.#input;
    for (const [index, link] of this.#input.links.entries()) {
      if (link.kind !== 'dial') this.#addPlayer(`${index}s`, 'server', link.server, server.views);
      if (link.kind !== 'accept') {
        this.#addPlayer(
          `${index}c`,
          link.client.face,
          link.client.handlers,
          link.client.face === 'events',
        );
      }
    }
    this.#addPlayer(CONTROL, 'server', {}, server.views);
    const options = {
      host: '127.0.0.1',
      handlers: this.#serverHandlers(server),
      closeTimeout: CLOSE_TIMEOUT,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      sendHighWaterMark: server.highWaterMark,
      maxBufferedAmount: server.maxBufferedAmount,
      perMessageDeflate: server.deflate ? DEFLATE : false,
      views: server.views,
      ...(server.hasHook ? { request: (request) => this.#decide(request) } : {}),
      ...(server.hasErrorOption ? { error: (error, context) => this.#tell(error, context) } : {}),
    };
    // TRANSITION
    try {
      this.#server = await serve(options);
    } catch {
      const { error, views, ...old } = options;
      this.#server = await serve(old);
      for (const p of this.#players.values()) if (p.face === 'server') p.views = true;
    }
    return this.#server.port;
  }

  /** Connects the clients, and has them run their programs. */
  run(ports) {
    for (const [index, link] of this.#input.links.entries()) {
      if (link.client === undefined) continue;
      const port = link.kind === 'both' ? this.#server.port : ports[index];
      this.#connecting.push(this.#connect(index, link.client, port));
    }
    this.#connecting.push(this.#runControl(ports.control));
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

  /** What nobody caught. */
  noteUncaught(error, kind) {
    const id = purposeOf(error);
    this.journal.note('-', `${kind}: ${error?.stack ?? inspect(error)}`);
    if (this.#thrown[id] !== undefined) this.#thrown[id].told.push('uncaught');
    else this.#uncaught.push({ kind, text: inspect(error) });
  }

  /** The players that a step is about, of those that are connected. */
  playersFor(player, to) {
    const present = [...this.#players.values()].filter(({ ws }) => ws !== undefined);
    if (typeof to === 'number') {
      const others = present.filter((each) => !each.isControl);
      return others.length === 0 ? [] : [others[to % others.length]];
    }
    const all = [];
    for (const ws of this.#server.connections) {
      const target = this.#playerOf(ws);
      if (to === 'all' || target !== player) all.push(target);
    }
    return all;
  }

  /** The server lists open connections only. */
  checkConnections() {
    for (const ws of this.#server.connections) {
      if (ws.state === 'open' || this.#misplaced.has(ws)) continue;
      this.#misplaced.add(ws);
      this.#playerOf(ws).fault(`is ${ws.state} and in connections`);
    }
  }

  /** Ends all that is still there; `order` says who goes first. */
  async end(order) {
    for (const player of this.#players.values()) {
      player.isEnding = true;
      if (player.isPaused && player.ws.resume !== undefined) {
        player.isPaused = false;
        player.attempt('resume', () => player.ws.resume());
      }
    }
    const drained = this.#asyncPlayers().map((player) => player.drain());
    if (order === 'peers') await this.#allClosed(CLOSE_TIMEOUT / 2);
    this.#controlClient?.stop();
    const server = this.#endServer();
    for (const player of this.#players.values()) this.#endClient(player);
    await server;
    await Promise.all(this.#connecting);
    await Promise.all(drained);
    await this.#allClosed(DRIVEN_LIMIT);
    for (const player of this.#players.values()) {
      player.checkKept();
      const isOver = player.ws === undefined || player.state === 'closed';
      if (!isOver) player.fault(`is ${player.state} after all has been closed`);
    }
  }

  /** What the judge is given. */
  report() {
    const players = [...this.#players.values()].map(({ record }) => record);
    return {
      players,
      faults: this.#faults,
      thrown: this.#thrown,
      uncaught: this.#uncaught,
      told: this.#told,
      hookFaults: this.#hookFaults,
    };
  }

  /** The connection objects, to see that they are given back. */
  connections() {
    return [...this.#players.values()].flatMap(({ ws }) => (ws === undefined ? [] : [ws]));
  }

  #addPlayer(end, face, program, views) {
    this.#players.set(end, new Player(this, { end, face, program, views }));
  }

  #asyncPlayers() {
    return [...this.#players.values()].filter(
      ({ face, ws }) => face === 'async' && ws !== undefined,
    );
  }

  #endOf(request) {
    return request.headers.get('x-link') ?? 'unknown';
  }

  #playerOf(ws) {
    const player = this.#players.get(this.#endOf(ws.request));
    player.ws ??= ws;
    return player;
  }

  #serverHandlers({ hasErrorHandler, frames }) {
    const handlers = {};
    for (const name of HANDLERS) {
      handlers[name] = (ws, ...given) => this.#playerOf(ws).handle(name, ...given);
    }
    if (hasErrorHandler) {
      handlers.error = (ws, error) => {
        this.#noteTold(error, 'handler');
        return this.#playerOf(ws).handle('error', error);
      };
    }
    if (frames) {
      handlers.frame = (ws, frame) => {
        const player = this.#playerOf(ws);
        if (player.isControl) {
          ws.send(frame.payload, { text: frame.opcode === 1 });
          return undefined;
        }
        player.receiveFrame(frame);
        return frame.isFinal ? player.handle('message') : undefined;
      };
      return handlers;
    }
    handlers.message = (ws, data, isText) => {
      const player = this.#playerOf(ws);
      if (player.isControl) {
        ws.send(data, { text: isText });
        return undefined;
      }
      player.receive(data, isText);
      return player.handle('message');
    };
    return handlers;
  }

  #clientHandlers(player, hasErrorHandler) {
    const handlers = {};
    for (const name of HANDLERS) {
      handlers[name] = (ws, ...given) => {
        player.ws = ws;
        return player.handle(name, ...given);
      };
    }
    handlers.message = (_ws, data, isText) => {
      player.receive(data, isText);
      return player.handle('message');
    };
    if (hasErrorHandler) {
      handlers.error = (_ws, error) => {
        this.#noteTold(error, 'handler');
        return player.handle('error', error);
      };
    }
    return handlers;
  }

  #decide(request) {
    const end = this.#endOf(request);
    const index = Number.parseInt(end, 10);
    const link = this.#input.links[index];
    if (link === undefined) return undefined;
    const { hook } = link;
    const player = this.#players.get(end);
    for (const step of hook.steps) player.act(step, { handler: 'request', mayThrow: false });
    const { answer } = hook;
    this.journal.note(end, `the hook answers: ${JSON.stringify(answer)}`);
    if (isFaulty(answer)) this.#hookFaults.push(end);
    const id = this.noteThrown({ end, handler: 'request', isFaulty: isFaulty(answer) });
    return answerBy(answer, id);
  }

  /** The server's option `error` is called. */
  #tell(error, context) {
    this.journal.note(
      '-',
      `error option: ${inspect(error).split('\n')[0]} ${inspect(context, { depth: 0 })}`,
    );
    this.#told.push({ error: inspect(error).split('\n')[0], id: purposeOf(error) });
    this.#noteTold(error, 'option');
  }

  #noteTold(error, where) {
    this.#thrown[purposeOf(error)]?.told.push(where);
  }

  async #connect(index, client, port) {
    const player = this.#players.get(`${index}c`);
    const url = `ws://127.0.0.1:${port}/`;
    const options = {
      headers: { 'X-Link': `${index}s` },
      connectTimeout: CONNECT_TIMEOUT,
      closeTimeout: CLOSE_TIMEOUT,
      sendHighWaterMark: client.highWaterMark,
      perMessageDeflate: client.deflate ? DEFLATE : false,
    };
    try {
      if (client.face === 'async') player.ws = await connect(url, options);
      else {
        const handlers = this.#clientHandlers(player, client.hasErrorHandler);
        player.ws = await connectEvents(url, handlers, options);
      }
    } catch (error) {
      player.note(`does not connect: ${error.code} ${error.message}`);
      player.record.refusal = { code: error.code, status: error.status };
      if (!String(error.code).startsWith('WS_'))
        player.fault(`connect fails with ${inspect(error)}`);
      return;
    }
    player.note('connected');
    await player.runMain(client.main);
  }

  async #runControl(port) {
    let isStopped = false;
    this.#controlClient = {
      stop() {
        isStopped = true;
      },
    };
    try {
      const ws = await connect(`ws://127.0.0.1:${port}/`, { closeTimeout: CLOSE_TIMEOUT });
      for (let number = 0; !isStopped; number++) {
        await ws.send(`control ${number}`);
        const answer = await ws.recv({ timeout: DRIVEN_LIMIT });
        if (answer !== `control ${number}`) throw new Error(`answered with ${inspect(answer)}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await ws.close();
    } catch (error) {
      this.fault('control', `our client has no service any more: ${inspect(error)}`);
    }
  }

  #endClient(player) {
    const { face, ws } = player;
    if (ws === undefined || face === 'server' || player.state === 'closed') return;
    player.note(`close at the end (${player.state})`);
    player.noteClosing();
    const result = player.attempt('close', () => ws.close());
    if (face === 'async') this.#connecting.push(result);
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
    const isOpen = ({ ws, end }) => ws !== undefined && ws.state !== 'closed' && end !== CONTROL;
    while ([...this.#players.values()].some(isOpen) && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
