/**
 * How a connection of the event loop is lent to blocking calls. They use its session, its driver, its queue of
 * messages and its pings.
 */
import type { ResolvedConnectOptions } from '../options/options.ts';
import type { PingTracker } from '../protocol/ping-tracker.ts';
import type { Driver } from '../transport/driver.ts';
import type { SocketAddress } from '../transport/socket.ts';
import type { ReceiveQueue } from './receive-queue.ts';

/** The parts of a connection that is lent. */
export interface Loan {
  readonly driver: Driver;
  readonly options: ResolvedConnectOptions;
  readonly messages: ReceiveQueue;
  readonly pings: PingTracker;
  readonly localAddress: SocketAddress | undefined;
  readonly remoteAddress: SocketAddress | undefined;
  /** Whether our end began to close the connection during the loan. */
  isCloser: boolean;
  /** Ends the loan, once the driver has its socket back. */
  end(): void;
}

/** The name of the method that lends a connection. Users do not see it. */
export const LEND: unique symbol = Symbol('lend');

/** A connection that can be lent. */
export interface Lender {
  /**
   * Lends the connection; it refuses every call until the loan ends.
   *
   * @throws ConnectionClosedError if it is not open
   * @throws ConcurrencyError if it is lent already, or if a call on it is under way
   */
  [LEND](): Loan;
}

/** Tells whether a value is a connection that can be lent. */
export function isLender(value: unknown): value is Lender {
  return typeof value === 'object' && value !== null && LEND in value;
}
