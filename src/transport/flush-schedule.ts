/**
 * When what the connections of a thread send leaves. The first send of a turn is written at once; what
 * follows in the same turn is gathered, and leaves at its end or when the process exits.
 */
import { nextTick, now } from './clock.ts';

/** Who has something to flush at the end of the turn. */
export interface Scheduled {
  runScheduledFlush(): void;
  /** Hands what is to be sent to the socket, whatever else it waits for. */
  flush(): void;
}

/** Milliseconds after which a send is taken for the first one of a later turn, whatever was read since. */
const LONGEST_TURN = 2;

let waiting: Scheduled[] = [];
/** Whose bytes are being delivered, the innermost last: what they send leaves at the end of that. */
const deliveries: Scheduled[] = [];
/** Whose sends are gathered by `cork`. */
const corked: Scheduled[] = [];
/** Counts deliveries: each of them begins a turn. */
let turn = 0;
let watchesExit = false;

/** Has `scheduled` flush at the end of the turn: after all microtasks, so that what they send goes along. */
export function scheduleFlush(scheduled: Scheduled): void {
  waiting.push(scheduled);
  if (waiting.length === 1) nextTick(flushAll);
  watchExit();
}

/** A delivery begins; {@link endDelivery} ends it. */
export function beginDelivery(scheduled: Scheduled): void {
  deliveries.push(scheduled);
  turn++;
  watchExit();
}

/** The innermost delivery has ended. */
export function endDelivery(): void {
  deliveries.pop();
}

/** Whether bytes of any connection of this thread are being delivered: a handler may send to many. */
export function isDeliveryUnderWay(): boolean {
  return deliveries.length > 0;
}

/** Sends are gathered until the function that is returned is called. */
export function watchCork(scheduled: Scheduled): () => void {
  corked.push(scheduled);
  watchExit();
  return () => void corked.pop();
}

/** When one connection last wrote at once. The time is in whole milliseconds: a fraction would take memory of its own. */
export class TurnMark {
  #turn = -1;
  #time = 0;

  /** Begins a turn, unless one is under way for the connection. Tells whether it has: the first send of a turn is written at once. */
  begin(): boolean {
    const time = Math.floor(now());
    if (this.#turn === turn && time - this.#time < LONGEST_TURN) return false;
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

/** The system takes what sockets write even while a process exits. */
function watchExit(): void {
  if (watchesExit) return;
  watchesExit = true;
  process.on('exit', () => {
    for (const scheduled of [...deliveries, ...corked, ...waiting]) scheduled.flush();
  });
}
