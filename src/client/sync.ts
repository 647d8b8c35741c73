import { SyncDriver, type SyncSink } from '../blocking/sync-driver.ts';
import { keepMessage } from '../connection/message.ts';
import { ReceiveQueue } from '../connection/receive-queue.ts';
import { parseTarget } from '../dial/target.ts';
import {
  type ConnectOptions,
  type ResolvedConnectOptions,
  resolveConnectOptions,
} from '../options/options.ts';
import { PingTracker } from '../protocol/ping-tracker.ts';
import { now } from '../transport/clock.ts';
import { BlockingConnection, type Inbox, type SyncConnection } from './sync-connection.ts';

/** The inbox of a connection that `connect` makes. */
class ConnectionInbox implements Inbox, SyncSink {
  readonly messages: ReceiveQueue;
  readonly pings = new PingTracker();
  isCloser = false;

  readonly #isPooled: boolean;

  constructor({ maxMessageSize, transferable }: ResolvedConnectOptions) {
    this.messages = new ReceiveQueue(maxMessageSize);
    this.#isPooled = !transferable;
  }

  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void {
    // After our own close, reading goes on even if the queue is full: the peer's close frame comes behind its messages.
    if (this.isCloser && this.messages.dropIfFull(end - start)) return;
    this.messages.push(keepMessage(bytes, start, end, isText, isOwn, this.#isPooled));
  }

  onPong(bytes: Uint8Array, start: number, end: number): void {
    this.pings.received(bytes, start, end, now());
  }
}

/**
 * Connects to a WebSocket server, and blocks until the connection is open.
 *
 * @param url `ws:` or `wss:`
 * @throws TypeError, RangeError for wrong arguments
 * @throws InvalidUrlError if the URL is not one of a WebSocket
 * @throws ConnectError if connecting fails: at DNS, TCP or TLS
 * @throws HandshakeError if the server does not upgrade (RFC 6455 §4.1)
 * @throws TimeoutError after `connectTimeout`
 * @throws WebSocketError `WS_SYNC_UNSUPPORTED` where no way of blocking I/O works
 * @example
 * ```ts
 * const ws = connect('wss://example.com/feed');
 * for (const message of ws) console.log(message);
 * ```
 */
export function connect(url: string | URL, options?: ConnectOptions): SyncConnection {
  const resolved = resolveConnectOptions(options);
  const target = parseTarget(url);
  resolved.signal?.throwIfAborted();
  const inbox = new ConnectionInbox(resolved);
  const driver = new SyncDriver(target, resolved, inbox);
  return new BlockingConnection(target.url, resolved, inbox, driver);
}
