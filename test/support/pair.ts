/**
 * A client and a server, joined in memory on a virtual clock. The bytes that one sends reach the other
 * after a latency, in pieces of any size, until the connection is lost.
 */
import { TransportError } from '../../src/errors.ts';
import type { Role } from '../../src/protocol/session-options.ts';
import { Endpoint, type EndpointOptions } from './endpoint.ts';

/** How a connection is lost. */
export type Loss =
  /** Both ends are told that the peer has ended its side. */
  | 'eof'
  /** Both ends are told that the connection is gone. */
  | 'reset'
  /** Neither end is told anything, but nothing arrives any more. */
  | 'silence';

/** Options of a pair. */
export interface PairOptions {
  client?: EndpointOptions;
  server?: EndpointOptions;
  /** Milliseconds from one end to the other. Default 1. */
  latency?: number;
  /** The size of the pieces that arrive, or one offset at which a stream is cut. Default as sent. */
  split?: number | { from: Role; at: number };
  /** Loses the connection once that many bytes from one end have arrived. */
  cut?: { from: Role; at: number; loss: Loss };
}

interface Arrival {
  at: number;
  happen: () => void;
}

/** Two endpoints and the connection between them. */
export class Pair {
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** Bytes that have arrived from each end. */
  readonly arrived: Record<Role, number> = { client: 0, server: 0 };
  now = 0;
  #options: PairOptions;
  #queue: Arrival[] = [];
  #isLost = false;
  /** Which ends have ended their sending side. */
  readonly #ended: Record<Role, boolean> = { client: false, server: false };
  /** The bytes that a paused end has not read yet. */
  readonly #unread: Record<Role, Uint8Array> = {
    client: new Uint8Array(0),
    server: new Uint8Array(0),
  };

  constructor(options: PairOptions = {}) {
    this.#options = options;
    this.client = new Endpoint('client', options.client);
    this.server = new Endpoint('server', options.server);
    if (options.cut?.at === 0) this.#lose(options.cut.loss);
    this.flush();
  }

  /** Sends what the ends have written. Arrivals call this by themselves. */
  flush(): void {
    for (const end of [this.client, this.server]) {
      const bytes = end.sent();
      if (bytes.length > 0) this.#later(() => this.#arrive(end, bytes));
      const { events } = end;
      if (events.includes('shutdown') || events.includes('closed')) this.#endSide(end);
    }
  }

  /** Lets all bytes arrive that are on their way, and passes no deadline. */
  settle(): void {
    this.flush();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.now = Math.max(this.now, next.at);
      this.client.now = this.now;
      this.server.now = this.now;
      next.happen();
      this.flush();
    }
  }

  /** Lets time pass, with deadlines and arrivals in order, until nothing can happen or `until` is reached. */
  run(until: number = Number.POSITIVE_INFINITY): void {
    this.settle();
    for (let due = this.#nextTimeout(); due <= until; due = this.#nextTimeout()) {
      if (due === Number.POSITIVE_INFINITY) return;
      this.now = Math.max(this.now, due);
      for (const end of [this.client, this.server]) {
        end.now = this.now;
        end.session.handleTimeout(this.now);
      }
      this.settle();
    }
    this.now = Math.max(this.now, until);
  }

  /** Resumes an end that was paused. */
  resume(end: Endpoint): void {
    end.session.isPaused = false;
    this.#read(end, new Uint8Array(0));
    this.settle();
  }

  #nextTimeout(): number {
    return Math.min(this.client.session.nextTimeout(), this.server.session.nextTimeout());
  }

  #peer(end: Endpoint): Endpoint {
    return end === this.client ? this.server : this.client;
  }

  #later(happen: () => void): void {
    this.#queue.push({ at: this.now + (this.#options.latency ?? 1), happen });
  }

  #arrive(from: Endpoint, bytes: Uint8Array): void {
    const { cut } = this.#options;
    for (let at = 0; at < bytes.length && !this.#isLost; ) {
      const piece = bytes.slice(at, at + this.#pieceSize(from.role));
      at += piece.length;
      this.arrived[from.role] += piece.length;
      this.#read(this.#peer(from), piece);
      if (cut?.from === from.role && this.arrived[from.role] === cut.at) this.#lose(cut.loss);
    }
  }

  /** How many bytes may arrive in one piece now. */
  #pieceSize(from: Role): number {
    const { split, cut } = this.#options;
    const arrived = this.arrived[from];
    const left = (at: number) => (at > arrived ? at - arrived : Number.POSITIVE_INFINITY);
    const ofSplit =
      typeof split === 'number' ? split : split?.from === from ? left(split.at) : undefined;
    return Math.min(
      ofSplit ?? Number.POSITIVE_INFINITY,
      cut?.from === from ? left(cut.at) : Number.POSITIVE_INFINITY,
    );
  }

  #read(end: Endpoint, piece: Uint8Array): void {
    const unread = this.#unread[end.role];
    const bytes = new Uint8Array(unread.length + piece.length);
    bytes.set(unread);
    bytes.set(piece, unread.length);
    // A session that stopped between two events reads on, unless it is paused or waits for an answer.
    let next = 0;
    let read = -1;
    while (next < bytes.length && read !== 0) {
      read = end.session.receive(bytes, next, bytes.length, this.now) - next;
      next += read;
    }
    this.#unread[end.role] = bytes.subarray(next);
  }

  #endSide(end: Endpoint): void {
    if (this.#ended[end.role]) return;
    this.#ended[end.role] = true;
    this.#later(() => {
      if (!this.#isLost) this.#peer(end).session.receiveEof(this.now);
    });
  }

  #lose(loss: Loss): void {
    this.#isLost = true;
    if (loss === 'silence') return;
    for (const { session } of [this.client, this.server]) {
      if (loss === 'eof') session.receiveEof(this.now);
      else session.connectionLost(new TransportError('the connection was reset'));
    }
  }
}
