/** Runs one client process against one server. If either of them fails, the run goes on. */
import { runClient } from './client-process.mjs';

/**
 * Runs the tasks one after the other in one process, until all are done or one has failed.
 *
 * @param {import('./server-process.mjs').ServerProcess} server
 * @param {import('../peers/catalogue.mjs').Peer} peer
 * @param {number | undefined} core
 * @param {readonly import('../plans/tasks.mjs').Task[]} tasks
 * @param {(outcome: import('./client-process.mjs').Outcome) => void} onOutcome
 * @param {import('./interruption.mjs').Interruption} interruption
 */
export async function attempt(server, peer, core, tasks, onOutcome, interruption) {
  let running;
  try {
    running = await server.ensure();
  } catch (error) {
    return onOutcome({ failure: `the server ${/** @type {Error} */ (error).message}` });
  }
  const work = { url: running.url, serverPid: running.pid, tasks };
  const failed = await runClient(peer, core, work, (result) => onOutcome({ result }));
  if (!failed || interruption.by) return;
  const death = await server.death();
  // Either the client or the server hangs. A server that hangs would hold up the next client as well, so stop it.
  if (failed.isHang) await server.stop();
  onOutcome(death ? { ...failed, failure: `the server ${death} (${failed.failure})` } : failed);
}
