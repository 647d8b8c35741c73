/**
 * What a blocking connection asks of its driver: to move bytes for a session, by calls that wait.
 */

import type { ReadyData } from '../connection/data.ts';
import type { Session } from '../protocol/session.ts';
import type { ConnectionStats } from '../transport/connection-stats.ts';
import type { SocketAddress } from '../transport/socket.ts';

/** The deadline of a call that may wait for ever. Deadlines are times of the clock. */
export const NEVER: number = Number.POSITIVE_INFINITY;

/** Drives one connection. */
export interface BlockingDriver {
  readonly session: Session;
  /** Whether the connection has been given back to the event loop: no call may be made then. */
  readonly isRevoked: boolean;
  readonly localAddress: SocketAddress | undefined;
  readonly remoteAddress: SocketAddress | undefined;
  /** Bytes that a send could not hand to the system in its time. */
  readonly bufferedAmount: number;
  /** Bytes that wait for the next `flush`, within `cork`; 0 where that is not known. */
  readonly gathered: number;
  stats(): ConnectionStats;
  /** Begins a call. If an earlier call was cut off while it sent or received, the connection fails. */
  begin(): void;
  /** Has the session write a control frame; it leaves with the next `flush`. Throws as the session does. */
  write(write: (session: Session) => void): void;
  /** Writes a message; it leaves with the next `flush`. Throws as the session's sends do. */
  sendMessage(payload: ReadyData, isText: boolean, isCompressed?: boolean): void;
  /** Writes a fragment of a message, as `sendMessage` does a whole one. */
  sendFragment(payload: ReadyData, isText: boolean, isFinal: boolean, isCompressed?: boolean): void;
  /** Sets a deadline for what is sent until the next `flush`. What has not left by then leaves in a later call. */
  limitSending(deadline: number): void;
  /** Runs `send`. What it sends leaves with the next `flush`. */
  cork(send: () => void): void;
  /** Sends what the session has written, as far as the system takes it at once. */
  flushAtOnce(): void;
  /** Sends what the session has written. Blocks until the system has taken it, or until the deadline. */
  flush(): void;
  /** Tells whether the system has taken all that was sent. */
  hasLeft(): boolean;
  /** Delivers what has come, if nothing was read for a while: the peer's pings are answered by that. */
  refresh(): void;
  /**
   * Waits for bytes, and delivers the messages in them; may return early with none. Returns false
   * once the deadline has passed, even if the peer is still sending.
   */
  pump(deadline: number): boolean;
  /** Ends the connection at once. */
  terminate(): void;
}
