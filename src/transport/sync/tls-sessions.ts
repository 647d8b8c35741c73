/**
 * TLS sessions of this thread's earlier connections, to be resumed by later ones to the same server.
 *
 * A resumed handshake looks at no certificate. So a session is used only under the very options it
 * was made with, and none is kept of a connection that was made without a check.
 */
import type { ConnectionOptions } from 'node:tls';
import { isSameOptions } from '../same-options.ts';

/** Sessions kept; the oldest are forgotten first. */
const MOST_KEPT = 100;

interface Kept {
  readonly options: ConnectionOptions;
  readonly session: Buffer;
}

const sessions = new Map<string, Kept>();

/**
 * Returns the options with a session to resume, if one is known. Options that have a `session`,
 * `undefined` among others, are returned as they are.
 */
export function withSession(options: ConnectionOptions): ConnectionOptions {
  if (!isCached(options)) return options;
  const kept = sessions.get(keyOf(options));
  if (kept === undefined || !isSameOptions(kept.options, options)) return options;
  return { ...options, session: kept.session };
}

/** Keeps a session of a connection that was made with these options, before a session was added. */
export function keepSession(options: ConnectionOptions, session: Buffer): void {
  if (!isCached(options)) return;
  const key = keyOf(options);
  // Taken out and put back, so that the map's order is that of the last use.
  sessions.delete(key);
  sessions.set(key, { options, session });
  if (sessions.size <= MOST_KEPT) return;
  const [oldest] = sessions.keys();
  sessions.delete(oldest as string);
}

function isCached(options: ConnectionOptions): boolean {
  return !Object.hasOwn(options, 'session') && options.rejectUnauthorized !== false;
}

function keyOf({ host, port, servername }: ConnectionOptions): string {
  return `${host}:${port}/${servername}`;
}
