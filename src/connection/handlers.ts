/**
 * Checks the handlers that a caller gives.
 */
import { describe, isPlainObject, nearestName } from '../options/options.ts';
import type { Handlers } from './event-connection.ts';

const NAMES: readonly string[] = [
  'open',
  'message',
  'frame',
  'batchEnd',
  'drain',
  'ping',
  'pong',
  'close',
  'error',
] satisfies (keyof Handlers)[];

/**
 * Checks handlers. A plain object must have nothing but handlers. An instance of a class must have at least one, and
 * may have other members.
 *
 * @throws TypeError saying which member is wrong
 */
export function checkHandlers(caller: string, handlers: unknown): void {
  if (handlers === null || typeof handlers !== 'object' || Array.isArray(handlers)) {
    throw new TypeError(`${caller}: handlers must be an object, not ${describe(handlers)}`);
  }
  if (isPlainObject(handlers)) checkNames(caller, Object.keys(handlers));
  else if (!NAMES.some((name) => name in handlers)) {
    throw new TypeError(
      `${caller}: ${describe(handlers)} has no handler; there are ${NAMES.join(', ')}`,
    );
  }
  for (const name of NAMES) {
    const handler: unknown = handlers[name as keyof typeof handlers];
    if (handler !== undefined && typeof handler !== 'function') {
      throw new TypeError(
        `${caller}: handler '${name}' must be a function, not ${describe(handler)}`,
      );
    }
  }
}

function checkNames(caller: string, names: readonly string[]): void {
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown.replace(/^on_?/i, ''), NAMES);
  const hint = nearest === undefined ? '' : `; did you mean '${nearest}'?`;
  throw new TypeError(
    `${caller}: unknown handler '${unknown}'${hint}; there are ${NAMES.join(', ')}`,
  );
}
