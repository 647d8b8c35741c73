/**
 * The connection that the function `connection` of a server serves.
 */
import type { Connection } from '../connection/connection.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';

/** A connection that a server has accepted, for the function `connection` of its options. */
export interface AcceptedConnection<T = unknown> extends Connection {
  /** For the program's own use; `undefined` at first, or `data` of the request hook's answer. */
  data: T;
  /** The request that opened the connection. */
  readonly request: UpgradeRequest;
}

/** Serves one connection: when it is done, the connection is closed. */
export type ConnectionFunction<T> = (ws: AcceptedConnection<T>, request: UpgradeRequest) => unknown;
