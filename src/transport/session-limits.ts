/**
 * The limits of a session, taken from the options.
 */
import { constants } from 'node:buffer';
import type { TimeLimits } from '../protocol/deadlines.ts';
import type { MessageLimits } from '../protocol/message-reader.ts';

/** The limits of a session, in either role. */
export type SessionLimits = MessageLimits & TimeLimits;

/** The limits made last. Most connections of a program have the same limits, and share one object. */
let latest: SessionLimits | undefined;

/** Takes the limits out of the options. A session keeps them and no other options. */
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
