/**
 * What a server that is attached needs of its HTTP server.
 */
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** A listener of the event `upgrade` of an HTTP server. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** An HTTP server: of `node:http`, `node:https`, or one of `node:http2` that takes HTTP/1.1 as well. */
export interface HttpServerLike {
  /** Begins to listen to upgrades, before all others. */
  prependListener(event: 'upgrade', listener: UpgradeListener): unknown;
  /** Listens no more. */
  off(event: 'upgrade', listener: UpgradeListener): unknown;
  /** How many listen to upgrades. */
  listenerCount(event: 'upgrade'): number;
  /** Where the server listens; `null` before it does. */
  address(): AddressInfo | string | null;
  /** Stops listening. */
  close(): unknown;
  /** Keeps the process alive. */
  ref(): unknown;
  /** Lets the process exit. */
  unref(): unknown;
}
