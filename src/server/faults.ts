/**
 * What becomes of the faults of the user's own code on a server. A stranger's bytes can lead there, so
 * none of them may end the process by surprise.
 */

import { isNativeError } from 'node:util/types';
import type { EventConnection, HandlerName } from '../connection/event-connection.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { nextTick } from '../transport/clock.ts';

/** Where a fault was. */
export interface FaultContext<T = unknown> {
  /**
   * What threw or was rejected: the request hook, a callback of the option `tls`, or a handler by its name;
   * `accept` is the system's own refusal of a client, such as too many open files.
   */
  readonly source: 'request' | 'tls' | 'accept' | HandlerName;
  /** The connection it happened on, if it was open. */
  readonly connection?: EventConnection<T> | undefined;
  /** The request it happened on, or the one that the connection was opened by. */
  readonly request?: UpgradeRequest | undefined;
}

/** Is told of faults. */
export type FaultHandler<T> = (error: unknown, context: FaultContext<T>) => unknown;

/** Tells faults to the user's handler, or in the ways of Node.js where there is none. */
export class Faults<T> {
  readonly #handler: FaultHandler<T> | undefined;
  /** What has been warned of. */
  readonly #warned = new Set<string>();

  constructor(handler: FaultHandler<T> | undefined) {
    this.#handler = handler;
  }

  /**
   * Tells a fault. Where nobody is told, one of a handler is an uncaught exception, as programs expect of
   * their own mistakes; one that comes before a connection is open is a warning, once for each source.
   */
  report(error: unknown, context: FaultContext<T>): void {
    if (this.#handler !== undefined) {
      this.#tell(this.#handler, error, context);
    } else if (context.connection === undefined) {
      this.#warn(context.source, error);
    } else {
      nextTick(() => {
        throw error;
      });
    }
  }

  #tell(handler: FaultHandler<T>, error: unknown, context: FaultContext<T>): void {
    try {
      const result = handler(error, context);
      // A handler may be async.
      Promise.resolve(result).catch((fault: unknown) => this.#warn('error', fault));
    } catch (fault) {
      this.#warn('error', fault);
    }
  }

  #warn(source: string, error: unknown): void {
    if (this.#warned.has(source)) return;
    this.#warned.add(source);
    const what =
      source === 'error'
        ? "the server's option 'error' threw an exception"
        : `a fault in '${source}' of the server, told once; give it an option 'error' to be told of each`;
    process.emitWarning(`${what}: ${describeFault(error)}`, {
      type: 'WirespeedWarning',
      code: `WS_FAULT_${source.toUpperCase()}`,
      detail: isNativeError(error) ? (error.stack ?? '') : '',
    });
  }
}

/** Whatever was thrown, as text: anything can be. */
function describeFault(error: unknown): string {
  try {
    return isNativeError(error) ? error.message : String(error);
  } catch {
    return 'something that cannot be told as text';
  }
}
