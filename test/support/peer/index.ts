/**
 * The tests' side of the peer: starts it, writes its scripts, and asks what it saw.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { bytesOf, closePayload, type FrameFields, frame } from '../frames.ts';

/** Where the peer listens, and how it behaves there. */
export type Listener =
  | 'plain'
  | 'trickle'
  | 'tls'
  | 'tlsTrickle'
  | 'wrongHost'
  | 'expired'
  | 'selfSigned';

/** One thing that the peer does. The functions below make these. */
export type Step = Readonly<Record<string, unknown>>;

/** How the peer answers the opening handshake. */
export interface Opening {
  /** Headers to change; null removes one. */
  headers?: Readonly<Record<string, string | null>>;
  statusLine?: string;
  /** Bytes or text to send instead of a response. */
  response?: Uint8Array | string;
  /** Never answer. */
  isMute?: boolean;
}

/** What the peer does for one connection. */
export interface Script {
  steps?: readonly Step[];
  opening?: Opening;
  /** Leave pings unanswered. */
  ignoresPings?: boolean;
  /** Leave a close frame unanswered. */
  ignoresClose?: boolean;
  /** Leave the sending side open when the client has ended its own. */
  ignoresEnd?: boolean;
}

/** A frame that the peer received, unmasked; large payloads are left out. */
export interface SeenFrame {
  opcode: number;
  isFinal: boolean;
  length: number;
  /** In hexadecimal. */
  payload: string | undefined;
}

/** What the peer saw of one connection. */
export interface Seen {
  request: { line: string; headers: [string, string][] };
  frames: SeenFrame[];
  /** Rules of RFC 6455 that the client broke. */
  faults: string[];
  /** Bytes of payload in data frames. */
  bytes: number;
  /** How often the peer read from its socket, which shows how the client batches its writes. */
  reads: number;
  /** SHA-256 of all payload in data frames, in hexadecimal, once the connection has ended. */
  digest: string | undefined;
  /** Whether the client ended its sending side. */
  hasEnded: boolean;
  /** The socket's error, if it failed. */
  error: string | undefined;
  isOver: boolean;
}

/** Sends a frame, right or wrong. */
export function send(fields: FrameFields): Step {
  return sendBytes(frame(fields));
}

/** Sends bytes as they are, once or several times. */
export function sendBytes(bytes: Uint8Array, times = 1): Step {
  return { send: Buffer.from(bytes).toString('hex'), times };
}

/** Sends bytes over and over from now on, several times per write, as fast as the client takes them. */
export function flood(bytes: Uint8Array, times = 1): Step {
  return { flood: Buffer.from(bytes).toString('hex'), times };
}

export function sendText(text: string): Step {
  return send({ opcode: 1, payload: text });
}

export function sendBinary(payload: Uint8Array | readonly number[]): Step {
  return send({ opcode: 2, payload });
}

/** Sends a message made by `patternBytes`. */
export function sendPattern(size: number, isText = false): Step {
  return { sendPattern: { size, isText } };
}

/** Begins the closing handshake; the connection ends when the client has answered. */
export function sendClose(code?: number, reason = ''): Step {
  const payload = code === undefined ? new Uint8Array(0) : closePayload(code, reason);
  return { close: Buffer.from(payload).toString('hex') };
}

/** Waits for something from the client. */
export function waitFor(
  event: 'message' | 'ping' | 'pong' | 'close' | 'end' | 'over',
  count = 1,
): Step {
  return { wait: event, count };
}

export function sleep(milliseconds: number): Step {
  return { sleep: milliseconds };
}

/** Sends every message back from now on. */
export const ECHO: Step = { echo: true };
/** Waits until the test says `goOn`. */
export const UNTIL_TOLD: Step = { wait: 'word' };
/** Ends the sending side of the TCP connection. */
export const END: Step = { end: true };
/** Resets the TCP connection. */
export const RESET: Step = { reset: true };
export const STOP_READING: Step = { stopReading: true };
export const READ_AGAIN: Step = { readAgain: true };
/** Reads again once the system has taken all that was sent before. */
export const READ_ONCE_SENT: Step = { readOnceSent: true };

let lastId = 0;

/** A script that waits for its client at a URL. */
export class Scripted {
  readonly url: string;
  readonly id: number;
  readonly #peer: Peer;

  constructor(peer: Peer, listener: Listener, script: Script) {
    this.#peer = peer;
    this.id = ++lastId;
    const { opening, ...rest } = script;
    const response = opening?.response && Buffer.from(bytesOf(opening.response)).toString('hex');
    const json = JSON.stringify({ steps: [], ...rest, opening: { ...opening, response } });
    const encoded = Buffer.from(json).toString('base64url');
    const origin = peer.origin(listener);
    this.url = `${origin}/?id=${this.id}&script=${encoded}`;
  }

  /** Waits for the end of the connection. Returns what the peer saw; throws if the client broke a rule. */
  async seen(): Promise<Seen> {
    const seen = (await this.#peer.ask(this.id, false)) as Seen;
    if (seen.faults.length > 0)
      throw new Error(`the client broke rules: ${seen.faults.join('; ')}`);
    return seen;
  }

  /** Lets the peer go on after `UNTIL_TOLD`. */
  goOn(): void {
    this.#peer.goOn(this.id);
  }

  /** Returns what the peer has seen so far; `undefined` if no client has come. */
  seenSoFar(): Promise<Seen | undefined> {
    return this.#peer.ask(this.id, true);
  }
}

/** The peer in its thread. */
class Peer {
  readonly #worker: Worker;
  readonly #ports: Readonly<Record<Listener, number>>;
  readonly #asked = new Map<number, (seen: Seen | undefined) => void>();
  #lastNumber = 0;

  private constructor(worker: Worker, ports: Record<Listener, number>) {
    this.#worker = worker;
    this.#ports = ports;
    worker.on('message', ({ number, seen }: { number: number; seen: Seen | undefined }) => {
      this.#asked.get(number)?.(seen);
      this.#asked.delete(number);
    });
  }

  static async start(): Promise<Peer> {
    const worker = new Worker(new URL('./main.mjs', import.meta.url), { execArgv: [] });
    // It ends with the process.
    worker.unref();
    const [{ ports }] = (await once(worker, 'message')) as [{ ports: Record<Listener, number> }];
    return new Peer(worker, ports);
  }

  /** The scheme and the address of a listener. */
  origin(listener: Listener, host = '127.0.0.1'): string {
    const scheme = listener === 'plain' || listener === 'trickle' ? 'ws' : 'wss';
    return `${scheme}://${host}:${this.#ports[listener]}`;
  }

  script(listener: Listener, script: Script): Scripted {
    return new Scripted(this, listener, script);
  }

  /** Lets the script of a connection go on. */
  goOn(id: number): void {
    this.#worker.postMessage({ id, goesOn: true });
  }

  ask(id: number, atOnce: boolean): Promise<Seen | undefined> {
    const number = ++this.#lastNumber;
    return new Promise((resolve) => {
      this.#asked.set(number, resolve);
      this.#worker.postMessage({ number, id, atOnce });
    });
  }
}

/** The peer, which all tests of a process share. */
export const peer: Peer = await Peer.start();

/** The close code in a close frame that the peer received; 1005 if it was empty. */
export function closeCodeIn(seen: Seen): number | undefined {
  const closing = seen.frames.find(({ opcode }) => opcode === 8);
  if (closing === undefined) return undefined;
  return closing.length === 0 ? 1005 : Number.parseInt(closing.payload?.slice(0, 4) ?? '', 16);
}
