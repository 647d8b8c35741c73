/**
 * Closes the connections of a server one by one, spread over a time.
 */
import { milliseconds } from '../options/options.ts';
import { CloseCode, isValidCloseCode } from '../protocol/close-code.ts';
import { clearTimeout, now, setTimeout } from '../transport/clock.ts';
import type { Acceptor } from './acceptor.ts';
import type { DrainOptions, DrainReport } from './server.ts';
import type { ServerConnection } from './server-connection.ts';

/** `DrainOptions`, checked, with every default filled in. */
export interface ResolvedDrain {
  /** `undefined` for the default, which depends on the number of connections. */
  readonly over: number | undefined;
  readonly jitter: number;
  readonly code: number;
  readonly deadline: number | undefined;
}

/** The times of one drain, in milliseconds from its start. */
interface Plan {
  readonly over: number;
  readonly jitter: number;
  readonly deadline: number;
}

const NAMES = ['over', 'jitter', 'code', 'deadline'];
const MAX_DEFAULT_OVER = 10_000;
/** How long a closing handshake may take beyond the last moment, if no deadline is given. */
const GRACE = 10_000;
/** The shortest time between two moments at which connections are closed, in milliseconds. */
const TICK = 10;
/** How much faster than planned a drain may go when its timers came late. */
const CATCH_UP = 1.2;

/**
 * Checks the options of `drain` and fills in the defaults.
 *
 * @throws TypeError, RangeError for wrong options
 */
export function resolveDrain(options: DrainOptions = {}): ResolvedDrain {
  if (options === null || typeof options !== 'object') {
    throw new TypeError('drain: options must be an object');
  }
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`drain: unknown option '${unknown}'; there are ${NAMES.join(', ')}`);
  }
  const over = optionalTime('over', options.over);
  const jitter = optionalTime('jitter', options.jitter) ?? 0;
  const deadline = optionalTime('deadline', options.deadline);
  const { code = CloseCode.serviceRestart } = options;
  if (!isValidCloseCode(code)) {
    throw new RangeError(`drain: close code ${code} may not be sent (RFC 6455 §7.4)`);
  }
  return { over, jitter, code, deadline };
}

function optionalTime(name: string, value: unknown): number | undefined {
  return value === undefined ? undefined : milliseconds(`drain: ${name}`, value);
}

/** Closes every connection of the acceptor, which lets no more in. Fulfilled when all have ended. */
export async function drainConnections<T>(
  acceptor: Acceptor<T>,
  options: ResolvedDrain,
): Promise<DrainReport> {
  const start = now();
  const refusedBefore = sum(acceptor.counts.refused);
  const open = [...acceptor.connections];
  // Connections that close already, or are being decided on, are waited for: they are none of the drain's.
  const closing: ServerConnection<T>[] = [];
  const { jitter, code, over = Math.min(MAX_DEFAULT_OVER, open.length) } = options;
  const plan = { over, jitter, deadline: options.deadline ?? over + jitter + GRACE };
  await closeInTurn(acceptor, open, closing, plan, code, start);
  const left = open.length - closing.length;
  const terminated = await endBy(acceptor, closing, plan.deadline - (now() - start));
  return {
    total: open.length,
    closed: closing.length - terminated,
    left,
    terminated,
    refused: sum(acceptor.counts.refused) - refusedBefore,
    duration: now() - start,
  };
}

/** Closes each connection at its moment; those that were still open then are added to `closing`. */
function closeInTurn<T>(
  acceptor: Acceptor<T>,
  open: readonly ServerConnection<T>[],
  closing: ServerConnection<T>[],
  { over, jitter, deadline }: Plan,
  code: number,
  start: number,
): Promise<void> {
  const planned = open.map((connection, i) => ({
    connection,
    moment: Math.min(deadline, (i / open.length) * over + Math.random() * jitter),
  }));
  planned.sort((a, b) => a.moment - b.moment);
  // Late timers are made up for slowly, not by a burst.
  const mostPerMs = Math.max(1 / TICK, (open.length / Math.max(TICK, over, jitter)) * CATCH_UP);
  return new Promise((resolve) => {
    let next = 0;
    let last = 0;
    const step = (): void => {
      const elapsed = now() - start;
      const isOver = elapsed >= deadline;
      const most = Math.max(1, Math.ceil(Math.min(elapsed - last, 2 * TICK) * mostPerMs));
      last = elapsed;
      for (let i = 0; next < planned.length && (isOver || over === 0 || i < most); ) {
        const { connection, moment } = planned[next] as (typeof planned)[number];
        const isOpen = connection.state === 'open';
        if (isOpen && moment > elapsed && !isOver) break;
        next++;
        if (!isOpen) {
          // By a call of `close` meanwhile, not by its client.
          if (acceptor.state === 'closed' && connection.session.sent !== undefined) {
            closing.push(connection);
          }
          continue;
        }
        i++;
        closing.push(connection);
        void connection.close(code);
      }
      if (next < planned.length) setTimeout(step, TICK);
      else resolve();
    };
    step();
  });
}

/** Waits for the connections to end, and terminates those that have not by then. Returns how many. */
async function endBy<T>(
  acceptor: Acceptor<T>,
  closing: readonly ServerConnection<T>[],
  time: number,
): Promise<number> {
  const timer = setTimeout(
    () => {
      for (const connection of [...acceptor.notOpen, ...acceptor.connections]) {
        connection.terminate();
      }
    },
    Math.max(0, time),
  );
  await acceptor.whenIdle();
  // A client that has sent no request yet would be refused, so the drain does not wait for it.
  for (const connection of acceptor.notOpen) {
    if (connection.request === undefined && !connection.admission.isRefused) connection.terminate();
  }
  await acceptor.whenEmpty();
  clearTimeout(timer);
  return closing.filter(({ session }) => !session.wasClean).length;
}

function sum(counts: ReadonlyMap<number, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}
