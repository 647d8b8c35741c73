/**
 * Reports the faults of the user's own code on a server. Any client can bring such a fault about, so it must not end
 * the process by surprise.
 */
import { isNativeError } from 'node:util/types';
import type { EventConnection, HandlerName } from '../connection/event-connection.ts';
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { serverFault } from '../diagnostics.ts';
import { nextTick } from '../transport/clock.ts';
import type { AcceptedConnection } from './accepted-connection.ts';

/** Where a fault happened. */
export interface FaultContext<T = unknown> {
  /**
   * The code that failed: `request` is the request hook, `path` the function of that option, `refused` the option,
   * `connection` the function that serves a connection, `tls` a callback of the option `tls`, and any other name a
   * handler. `accept` stands for the system, which could not accept a client: too many files are open, for example.
   */
  readonly source: 'request' | 'path' | 'refused' | 'connection' | 'tls' | 'accept' | HandlerName;
  /** The connection on which it happened, if that was open. */
  readonly connection?: EventConnection<T> | AcceptedConnection<T> | undefined;
  /** The request that was being decided on, or that opened the connection. */
  readonly request?: UpgradeRequest | undefined;
}

/** The server's option `error`. */
export type FaultHandler<T> = (error: unknown, context: FaultContext<T>) => unknown;

/** Reports faults to the option `error` of a server, or else as Node.js does. */
export class Faults<T> {
  readonly #handler: FaultHandler<T> | undefined;
  /** The sources that the process was warned of. */
  readonly #warned = new Set<string>();

  constructor(handler: FaultHandler<T> | undefined) {
    this.#handler = handler;
  }

  /**
   * Reports a fault. Without the option `error`, a fault of a handler is an uncaught exception, as programs expect of
   * their own mistakes. A fault before the connection is open is a warning then, once for each source. So is a fault of
   * the function `connection`: what it awaits also fails for reasons of the client's making.
   */
  report(error: unknown, context: FaultContext<T>): void {
    if (serverFault.hasSubscribers) serverFault.publish({ error, ...context });
    const isWarning = context.connection === undefined || context.source === 'connection';
    if (this.#handler !== undefined) {
      this.#tell(this.#handler, error, context);
    } else if (isWarning) {
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
      // The option may be an async function.
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
        : `a fault in '${source}' of the server (only the first is reported; an option 'error' of the server gets each)`;
    process.emitWarning(`${what}: ${describeFault(error)}`, {
      type: 'WirespeedWarning',
      code: `WS_FAULT_${source.toUpperCase()}`,
      detail: isNativeError(error) ? (error.stack ?? '') : '',
    });
  }
}

/** Describes what was thrown, which may be any value. */
function describeFault(error: unknown): string {
  try {
    return isNativeError(error) ? error.message : String(error);
  } catch {
    return 'a value that cannot be made a string';
  }
}
