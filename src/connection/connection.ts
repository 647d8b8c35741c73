/**
 * The API of a connection whose messages are awaited: the async client's, and a server's.
 */

import type { Data, SendData, SendOptions } from '../options/options.ts';
import type { HeaderMap } from '../protocol/opening/head.ts';
import type { ConnectionState } from '../protocol/session-state.ts';
import type { ConnectionStats } from '../transport/connection-stats.ts';
import type { SocketAddress } from '../transport/socket.ts';
import type { Message } from './message.ts';

/** Options of one `recv`. */
export interface RecvOptions {
  /** Milliseconds to wait; 0 for ever. Default `receiveTimeout` of the connection. */
  timeout?: number | undefined;
  /** Aborts the wait; the connection stays usable. */
  signal?: AbortSignal | undefined;
}

/** Options of `close`. */
export interface CloseOptions {
  /** Stops waiting for the closing handshake and destroys the socket. */
  signal?: AbortSignal | undefined;
}

/** An open WebSocket connection. */
export interface Connection extends AsyncIterable<Message>, AsyncDisposable {
  /** The URL connected to, without credentials. */
  readonly url: string;
  /** The subprotocol agreed on, or the empty string. */
  readonly protocol: string;
  /** The extensions agreed on, as the handshake's header names them, or the empty string. */
  readonly extensions: string;
  /** The server's handshake headers, names in lower case. */
  readonly headers: HeaderMap;
  readonly state: ConnectionState;
  /** The close code received: 1005 if the close frame had none, 1006 if none came; `undefined` before the end. */
  readonly closeCode: number | undefined;
  /** The close reason received; `undefined` before the end. */
  readonly closeReason: string | undefined;
  readonly localAddress: SocketAddress | undefined;
  readonly remoteAddress: SocketAddress | undefined;
  /** Bytes accepted for sending that the system has not taken. */
  readonly bufferedAmount: number;
  /** Round-trip time of the last ping answered, in milliseconds. */
  readonly latency: number | undefined;
  /**
   * Sends a message: a string as text, anything else as binary; an iterable as the fragments of one
   * message, of the kind of its first piece. What is given may be changed after the call.
   *
   * The promise is fulfilled once what is buffered is below `sendHighWaterMark`: awaiting it is
   * backpressure. If it is not awaited, its error is not reported, unless an argument was wrong: so no
   * peer can end the process. The messages of one turn leave together, 16 KiB at a time.
   *
   * Over a plain socket, what was sent has left even if the process exits right after. Over TLS only the
   * first message of the turn has: await `close()` before `process.exit()` there.
   *
   * An array or a Set is checked in the call, before anything of it leaves. The pieces of any other
   * iterable are taken one by one, when there is room for them. A piece is copied before the next one is
   * taken. If the iterable throws, or gives what is no data, the send is rejected; if a fragment has left
   * by then, the connection is failed too, with `WS_SEND`, since every later message would be part of
   * this one. If the send ends before the iterable does, the iterable's `return()` is called.
   *
   * `signal` takes a message back that has not begun to leave: a Blob that is being read, a message that is
   * being compressed, an iterable whose first piece has not come, or a message that waits behind one of
   * these. Later messages no longer wait for it then. Once a message has begun to leave, `signal` aborts
   * only the wait for room, and the message leaves. An iterable of which a fragment has left can neither be
   * taken back nor completed, so `signal` fails its connection with `WS_SEND`.
   *
   * @throws TypeError for data of another kind; nothing is sent then
   * @throws ConnectionClosedError if the connection is not open, or closes before the send is done
   * @throws the signal's reason once it aborts
   */
  send(data: SendData, options?: SendOptions): Promise<void>;
  /**
   * Receives the next message. Messages that came before a close are received before the close is reported.
   *
   * @throws ConnectionClosedError when the connection is closed
   * @throws RemoteProtocolError, MessageTooBigError when the peer made it fail
   * @throws TimeoutError after `timeout` ms; nothing is lost and the connection stays usable
   * @throws ConcurrencyError if another `recv` or an iteration is waiting
   * @throws WebSocketError `WS_MESSAGES_DROPPED` after a `close` during which more came than is kept
   */
  recv(options?: RecvOptions): Promise<Message>;
  /**
   * Sends a ping and waits for its pong (RFC 6455 §5.5.2).
   *
   * @param data at most 125 bytes. Default a counter
   * @returns the round-trip time in milliseconds
   * @throws LocalProtocolError for more than 125 bytes
   * @throws ConnectionClosedError if the connection is not open, or closes before the pong
   */
  ping(data?: Exclude<Data, Blob>): Promise<number>;
  /** Sends an unsolicited pong (RFC 6455 §5.5.3). Pings need no call: they are answered already. Throws as `ping`. */
  pong(data?: Exclude<Data, Blob>): void;
  /**
   * Closes the connection with the closing handshake (RFC 6455 §7.1.2). The promise is fulfilled when it is
   * closed, after `closeTimeout` at the latest. What was given to `send` before leaves first; after the call
   * nothing more can be sent.
   *
   * What the peer sends before its own close frame can still be received, then or later. Up to 64 MiB of it,
   * or `maxMessageSize` where that is more, is kept until it is received. If more comes, the rest is dropped,
   * and `recv` or the iteration ends with the error `WS_MESSAGES_DROPPED`.
   *
   * @param code 1000 to 1003, 1007 to 1014 or 3000 to 4999. Default 1000
   * @param reason at most 123 bytes of UTF-8
   * @throws RangeError, LocalProtocolError for a code or reason that may not be sent
   */
  close(code?: number, reason?: string, options?: CloseOptions): Promise<void>;
  /** Destroys the socket at once, without a closing handshake. */
  terminate(): void;
  /**
   * Iterates over the messages, until the connection is closed. Leaving the iteration leaves the connection open,
   * and loses no message. Calls of `next` are answered in order. While one waits, another iterator or a `recv`
   * fails with a ConcurrencyError.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message>;
  /** Counts of what has gone over the connection. */
  stats(): ConnectionStats;
  /** Keeps the process alive while the connection is open, as it does by default. */
  ref(): this;
  /** Lets the process exit although the connection is open. */
  unref(): this;
}
