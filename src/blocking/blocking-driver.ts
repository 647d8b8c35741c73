/**
 * What a blocking connection stands on: a session, pumped by calls that wait.
 */

import type { ReadyData } from '../connection/data.ts';
import type { Session } from '../protocol/session.ts';
import type { ConnectionStats } from '../transport/connection-stats.ts';
import type { SocketAddress } from '../transport/socket.ts';

/** The pump of one connection. Deadlines are times of the clock; infinity waits for ever. */
export interface BlockingDriver {
  readonly session: Session;
  /** Whether the connection is this driver's no more, so that no call may be made. */
  readonly isRevoked: boolean;
  readonly localAddress: SocketAddress | undefined;
  readonly remoteAddress: SocketAddress | undefined;
  /** Bytes that a send could not hand to the system in its time. */
  readonly bufferedAmount: number;
  stats(): ConnectionStats;
  /** Begins a call of the owner's. If an earlier one was left half done, that ends the connection. */
  begin(): void;
  /** Has the session write a control frame; it leaves with the next `flush`. Throws as the session does. */
  write(write: (session: Session) => void): void;
  /** Writes a message; it leaves with the next `flush`. Throws as the session's sends do. */
  sendMessage(payload: ReadyData, isText: boolean, isCompressed?: boolean): void;
  /** Writes a fragment of a message, as `sendMessage` does a whole one. */
  sendFragment(payload: ReadyData, isText: boolean, isFinal: boolean, isCompressed?: boolean): void;
  /** Bounds what is sent until the next `flush`: what has not left by then is kept for later calls. */
  limitSending(deadline: number): void;
  /** Sends what the core has written; blocks until the system has taken it, or the limit has passed. */
  flush(): void;
  /** Tells whether all that was sent has been handed to the system. */
  hasLeft(): boolean;
  /** Delivers what has come already, where nobody has looked for a while: pings want an answer. */
  refresh(): void;
  /**
   * Waits for the next bytes and delivers what they bring; false once the deadline has passed,
   * whatever still comes. May return early with nothing delivered.
   */
  pump(deadline: number): boolean;
  /** Ends the connection at once. */
  terminate(): void;
}
