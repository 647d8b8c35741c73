/**
 * The turns of a thread, and what is to be flushed at their end or when the process exits. `SendingSide.leave` decides
 * what waits for the end of a turn.
 */
import { nextTick, now } from './clock.ts';

/** The sending side of a connection. */
export interface Scheduled {
  runScheduledFlush(): void;
  /** Hands the batch to the socket, even within `cork` or a delivery. */
  flush(): void;
}

/** A turn ends after so many milliseconds at the latest, even if nothing is read. */
const MAX_TURN = 2;

let waiting: Scheduled[] = [];
/** The connections whose bytes are being delivered, the innermost last. They flush at the end of the delivery. */
const deliveries: Scheduled[] = [];
/** The connections within `cork`. */
const corked: Scheduled[] = [];
/** Counts deliveries: each of them begins a turn. */
let turn = 0;
let watchesExit = false;

/** Flushes at the end of the turn. All microtasks run before, so what they send goes along. */
export function scheduleFlush(scheduled: Scheduled): void {
  waiting.push(scheduled);
  if (waiting.length === 1) nextTick(flushAll);
  watchExit();
}

/** Begins a delivery; {@link endDelivery} ends it. */
export function beginDelivery(scheduled: Scheduled): void {
  deliveries.push(scheduled);
  turn++;
  watchExit();
}

/** Ends the innermost delivery. */
export function endDelivery(): void {
  deliveries.pop();
}

/** Tells whether bytes of any connection of this thread are being delivered. A handler may send on other connections. */
export function isDeliveryUnderWay(): boolean {
  return deliveries.length > 0;
}

/**
 * Notes that a connection gathers its sends, so that they leave if the process exits.
 *
 * @returns a function to call at the end of `cork`
 */
export function watchCork(scheduled: Scheduled): () => void {
  corked.push(scheduled);
  watchExit();
  return () => void corked.pop();
}

/** Remembers when the present turn of one connection began. */
export class TurnMark {
  #turn = -1;
  /** Whole milliseconds: a fraction would be an object for each connection. */
  #time = 0;

  /** Begins a turn, unless one is under way; tells whether it has begun one. */
  begin(): boolean {
    const time = Math.floor(now());
    if (this.#turn === turn && time - this.#time < MAX_TURN) return false;
    this.#turn = turn;
    this.#time = time;
    return true;
  }
}

function flushAll(): void {
  const all = waiting;
  waiting = [];
  for (const scheduled of all) scheduled.runScheduledFlush();
}

/** Flushes when the process exits: the system still takes what sockets write then. */
function watchExit(): void {
  if (watchesExit) return;
  watchesExit = true;
  process.on('exit', () => {
    for (const scheduled of [...deliveries, ...corked, ...waiting]) scheduled.flush();
  });
}
