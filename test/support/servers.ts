/**
 * Servers that are no peers of the contract suite, in a thread of their own: tests that block need that.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Starts the servers of a file in this folder, until the process ends; returns the ports that it tells. */
export async function startServers<Ports>(file: string): Promise<Ports> {
  const worker = new Worker(new URL(`./${file}`, import.meta.url), { execArgv: [] });
  worker.unref();
  const [ports] = (await once(worker, 'message')) as [Ports];
  return ports;
}
