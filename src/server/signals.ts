/**
 * Leaves gracefully when the process is told to end.
 */
import cluster from 'node:cluster';
import { isPromise } from 'node:util/types';
import { nodeProcess } from '../transport/node-globals.ts';
import { resolveDrain } from './drain.ts';
import { PlacedServer } from './placed-server.ts';
import type { DrainOptions, Server } from './server.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Drains the server at SIGTERM or SIGINT (Ctrl-C). When it is done, nothing of the server keeps the process alive: a
 * worker of `node:cluster` disconnects, and the HTTP server of an attached server stops listening. A second signal ends
 * the process at once, as the signal does by default.
 *
 * @param options how to drain
 * @returns a function that stops handling the signals
 * @example
 * ```ts
 * import { handleSignals, serve } from 'wirespeed/server';
 *
 * handleSignals(await serve({ port: 9001, handlers: {} }), { over: 5000 });
 * ```
 */
export function handleSignals(server: Pick<Server, 'drain'>, options?: DrainOptions): () => void {
  if (typeof (server as Partial<Server> | null | undefined)?.drain !== 'function') {
    const hint = isPromise(server) ? '; await the promise of serve first' : '';
    throw new TypeError(`handleSignals: it takes a server, as serve and attach make them${hint}`);
  }
  resolveDrain(options);
  const stop = (): void => {
    for (const signal of SIGNALS) nodeProcess.off(signal, leave);
  };
  const leave = (): void => {
    // From now on a signal does what it does without a handler.
    stop();
    const finish = (): void => {
      if (cluster.isWorker) cluster.worker?.disconnect();
      if (server instanceof PlacedServer) server.endPlace();
    };
    server.drain(options).then(finish, finish);
  };
  for (const signal of SIGNALS) nodeProcess.on(signal, leave);
  return stop;
}
