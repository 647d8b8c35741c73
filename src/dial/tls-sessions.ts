/**
 * TLS sessions of this thread's earlier connections. Later connections to the same server resume them.
 *
 * A resumed handshake checks no certificate. So a session is resumed only under the same conditions under which its
 * certificate was verified. A connection that was not verified, or whose conditions cannot be known, leaves no session.
 */
import type { ConnectionOptions } from 'node:tls';
import { isVerified, tlsConditions } from './tls-conditions.ts';

/** How many sessions are kept. The one unused for longest is forgotten first. */
const MAX_SESSIONS = 100;

const sessions = new Map<string, Buffer>();

/**
 * Returns the conditions under which a connection's sessions are kept and found; `undefined` if it must not use any.
 *
 * @param options all options of `tls.connect`, with `host` and `port`. Call this before `tls.connect`: the caller may
 * change lists and buffers in place afterwards
 */
export function sessionConditions(options: ConnectionOptions): string | undefined {
  return isResumable(options) ? tlsConditions(options) : undefined;
}

/** Returns the latest session under these conditions, if there is one. */
export function findSession(conditions: string | undefined): Buffer | undefined {
  return conditions === undefined ? undefined : sessions.get(conditions);
}

/** Keeps a session of a connection whose certificate was verified under these conditions. */
export function keepSession(conditions: string | undefined, session: Buffer): void {
  if (conditions === undefined) return;
  // Deleting first moves it to the end of the map, which is in the order of the last use.
  sessions.delete(conditions);
  sessions.set(conditions, session);
  if (sessions.size <= MAX_SESSIONS) return;
  const [oldest] = sessions.keys();
  sessions.delete(oldest as string);
}

function isResumable(options: ConnectionOptions): boolean {
  // A caller that gives the option `session`, also as `undefined`, manages sessions itself.
  if (Object.hasOwn(options, 'session') || !isVerified(options)) return false;
  // A function of the caller's may decide differently by now, and a context may trust other authorities.
  const { checkServerIdentity, pskCallback, secureContext } = options;
  return (
    checkServerIdentity === undefined && pskCallback === undefined && secureContext === undefined
  );
}
