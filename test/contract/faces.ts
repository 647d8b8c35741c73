/**
 * The three client faces behind one shape, so that every case is written once. Nothing here makes
 * up for a face: what a call throws or returns is handed on, only wrapped in a promise.
 */
import * as asyncFace from 'wirespeed';
import * as eventsFace from 'wirespeed/events';
import * as syncFace from 'wirespeed/sync';
import { until } from '../support/until.ts';

/** What all connections show of themselves. */
type Properties = Pick<
  asyncFace.Connection,
  | 'url'
  | 'protocol'
  | 'extensions'
  | 'state'
  | 'closeCode'
  | 'closeReason'
  | 'localAddress'
  | 'remoteAddress'
  | 'bufferedAmount'
  | 'latency'
  | 'stats'
>;

/** A connection of any face. */
export interface Client {
  readonly properties: Properties;
  /** The face's own connection. */
  readonly raw: unknown;
  send(data: unknown, options?: { text?: boolean }): Promise<void>;
  recv(options?: { timeout?: number }): Promise<string | Uint8Array>;
  ping(data?: unknown): Promise<number>;
  pong(data?: unknown): Promise<void>;
  close(code?: number, reason?: string): Promise<void>;
  terminate(): void;
  /** Waits until the connection is closed, dropping messages. */
  closed(): Promise<void>;
  /**
   * Waits until something has come of what the peer sent, without a call that receives. Between two calls
   * nothing comes of it on a blocking connection: there it only reaches the socket.
   */
  happens(condition: () => boolean): Promise<void>;
  /** Collects every message until the iteration ends. */
  iterate(): Promise<(string | Uint8Array)[]>;
}

/** One of the three faces. */
export interface Face {
  readonly name: 'async' | 'events' | 'sync';
  /** Whether it has `recv` and iteration of its own, with their timeouts. */
  readonly hasRecv: boolean;
  /** The classes of its errors, as it exports them. */
  readonly errors: typeof asyncFace;
  connect(url: string | URL, options?: unknown): Promise<Client>;
}

const asynchronous: Face = {
  name: 'async',
  hasRecv: true,
  errors: asyncFace,
  async connect(url, options) {
    const ws = await asyncFace.connect(url, options as asyncFace.ConnectOptions);
    return {
      raw: ws,
      properties: ws,
      send: (data, sendOptions) => ws.send(data as asyncFace.Data, sendOptions),
      recv: (recvOptions) => ws.recv(recvOptions),
      ping: (data) => ws.ping(data as string),
      pong: async (data) => ws.pong(data as string),
      close: (code, reason) => ws.close(code, reason),
      terminate: () => ws.terminate(),
      closed: () => until(() => ws.state === 'closed'),
      happens: until,
      async iterate() {
        const messages: (string | Uint8Array)[] = [];
        for await (const message of ws) messages.push(message);
        return messages;
      },
    };
  },
};

const synchronous: Face = {
  name: 'sync',
  hasRecv: true,
  errors: syncFace as unknown as typeof asyncFace,
  async connect(url, options) {
    const ws = syncFace.connect(url, options as syncFace.ConnectOptions);
    return {
      raw: ws,
      properties: ws,
      send: async (data, sendOptions) => ws.send(data as syncFace.Data, sendOptions),
      recv: async (recvOptions) => ws.recv(recvOptions),
      ping: async (data) => ws.ping(data as string),
      pong: async (data) => ws.pong(data as string),
      close: async (code, reason) => ws.close(code, reason),
      terminate: () => ws.terminate(),
      async closed() {
        // Nothing happens to a blocking connection between two calls.
        while (ws.state !== 'closed') {
          try {
            ws.recv({ timeout: 5000 });
          } catch {
            ws.close();
          }
        }
      },
      happens: () => new Promise((resolve) => setTimeout(resolve, 20)),
      async iterate() {
        return [...ws];
      },
    };
  },
};

type EventConnection = eventsFace.EventConnection<undefined>;

const events: Face = {
  name: 'events',
  hasRecv: false,
  errors: eventsFace as unknown as typeof asyncFace,
  async connect(url, options) {
    const inbox = new Inbox();
    const pongs: (() => void)[] = [];
    const handlers: eventsFace.Handlers<undefined> = {
      message: (_, data, isText) => inbox.add(isText ? decoder.decode(data) : data.slice()),
      pong: () => pongs.shift()?.(),
      drain: () => inbox.wake(),
      error: (_, error) => {
        inbox.failure = error;
      },
      close: () => inbox.end(),
    };
    const ws = await eventsFace.connect(url, handlers, options as eventsFace.ConnectOptions);
    return {
      raw: ws,
      properties: ws,
      async send(data, sendOptions) {
        const { messagesRefused } = ws.stats();
        if (ws.send(data as eventsFace.Data, sendOptions)) return;
        // Callbacks tell of the end; a caller that sends all the same is told that nothing was sent.
        if (ws.stats().messagesRefused > messagesRefused) throw refused(ws);
        while (ws.state === 'open' && ws.bufferedAmount > 0) await inbox.change();
      },
      async recv() {
        for (;;) {
          const message = inbox.messages.shift();
          if (message !== undefined) return message;
          if (inbox.hasEnded) throw inbox.failure ?? closedError(ws);
          await inbox.change();
        }
      },
      ping(data) {
        return new Promise((resolve, reject) => {
          const start = performance.now();
          try {
            if (!ws.ping(data as string)) throw refused(ws);
            pongs.push(() => resolve(performance.now() - start));
          } catch (error) {
            reject(error);
          }
        });
      },
      async pong(data) {
        if (!ws.pong(data as string)) throw refused(ws);
      },
      async close(code, reason) {
        ws.close(code, reason);
        while (!inbox.hasEnded) await inbox.change();
      },
      terminate: () => ws.terminate(),
      async closed() {
        while (!inbox.hasEnded) await inbox.change();
      },
      happens: until,
      iterate() {
        throw new Error('the events client has no iteration');
      },
    };
  },
};

/** The same cases run against each of these. */
export const FACES: readonly Face[] = [asynchronous, events, synchronous];

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What the handlers were told, for those who wait for it. */
class Inbox {
  readonly messages: (string | Uint8Array)[] = [];
  failure: Error | undefined;
  hasEnded = false;
  #wakers: (() => void)[] = [];

  add(message: string | Uint8Array): void {
    this.messages.push(message);
    this.wake();
  }

  end(): void {
    this.hasEnded = true;
    this.wake();
  }

  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }

  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakers.push(resolve);
    });
  }
}

/** The events client tells the end of a connection to `close`; here it is made the error of `recv`. */
/** The error that the other clients throw for a call that needs an open connection. */
function refused(ws: EventConnection): Error {
  const { session } = ws as unknown as { session: { closedError(): Error } };
  return session.closedError();
}

function closedError(ws: EventConnection): Error {
  return new eventsFace.ConnectionClosedError('told by the close handler', {
    closeCode: ws.closeCode ?? 0,
    reason: ws.closeReason ?? '',
    wasClean: ws.closeCode !== 1006,
    sent: undefined,
    received: undefined,
  });
}
