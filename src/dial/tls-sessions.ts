/**
 * TLS sessions of this thread's earlier connections, to be resumed by later ones to the same server.
 *
 * A resumed handshake looks at no certificate. So a session is used only under the very conditions that it
 * was verified under, and a connection that was not verified, or whose conditions cannot be
 * known, leaves none. Every client that keeps sessions keeps them here.
 */
import type { ConnectionOptions } from 'node:tls';
import { isVerified, tlsConditions } from './tls-conditions.ts';

/** Sessions kept; the oldest are forgotten first. */
const MOST_KEPT = 100;

const sessions = new Map<string, Buffer>();

/**
 * Returns the conditions that a connection's sessions are kept and found under; `undefined` where there are to be none.
 *
 * @param options all that `tls.connect` is given, with `host` and `port`; taken before it is called,
 * since the caller may change lists and buffers in place afterwards
 */
export function sessionConditions(options: ConnectionOptions): string | undefined {
  return isResumable(options) ? tlsConditions(options) : undefined;
}

/** Returns the latest session that was verified under the conditions, if there is one. */
export function findSession(conditions: string | undefined): Buffer | undefined {
  return conditions === undefined ? undefined : sessions.get(conditions);
}

/** Keeps a session of a connection whose certificate was verified under the conditions. */
export function keepSession(conditions: string | undefined, session: Buffer): void {
  if (conditions === undefined) return;
  // Taken out and put back, so that the map's order is that of the last use.
  sessions.delete(conditions);
  sessions.set(conditions, session);
  if (sessions.size <= MOST_KEPT) return;
  const [oldest] = sessions.keys();
  sessions.delete(oldest as string);
}

function isResumable(options: ConnectionOptions): boolean {
  // Who gives a session, be it `undefined`, looks after them himself.
  if (Object.hasOwn(options, 'session') || !isVerified(options)) return false;
  // What a function of the caller's would say now, or a context trusts by now, nobody knows.
  const { checkServerIdentity, pskCallback, secureContext } = options;
  return (
    checkServerIdentity === undefined && pskCallback === undefined && secureContext === undefined
  );
}
