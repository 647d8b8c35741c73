/**
 * What of the options bounds a session.
 */
import { constants } from 'node:buffer';
import type { TimeLimits } from '../protocol/deadlines.ts';
import type { MessageLimits } from '../protocol/message-reader.ts';

/** What bounds a session, in either role. */
export type SessionLimits = MessageLimits & TimeLimits;

/** The latest ones: most connections of a program have the same, and share them. */
let latest: SessionLimits | undefined;

/** Picks the limits out of a client's or a server's options; a session keeps them, and nothing else. */
export function sessionLimits(
  options: Omit<SessionLimits, 'openTimeout' | 'maxTextSize'>,
  openTimeout: number,
): SessionLimits {
  const limits: SessionLimits = {
    maxMessageSize: options.maxMessageSize,
    maxFragments: options.maxFragments,
    maxTextSize: constants.MAX_STRING_LENGTH,
    openTimeout,
    closeTimeout: options.closeTimeout,
    pingInterval: options.pingInterval,
    pingTimeout: options.pingTimeout,
  };
  if (latest === undefined || !isSame(limits, latest)) latest = limits;
  return latest;
}

function isSame(some: SessionLimits, others: SessionLimits): boolean {
  return (Object.keys(some) as (keyof SessionLimits)[]).every(
    (name) => some[name] === others[name],
  );
}
