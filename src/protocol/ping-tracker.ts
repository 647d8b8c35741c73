/**
 * Matches pongs to pings (RFC 6455 §5.5.2, §5.5.3) and tells the round-trip times.
 */

/** Is told how a ping went: its round-trip time in milliseconds, or nothing if no pong will come. */
export type PingObserver = (roundTrip: number | undefined) => void;

interface PendingPing {
  readonly key: string;
  readonly sent: number;
  readonly observer: PingObserver | undefined;
}

/** Unanswered pings after which one that nobody waits for is not remembered. */
const MAX_UNOBSERVED = 1024;

/** The pings of one connection that wait for their pongs. */
export class PingTracker {
  /** Oldest first. */
  #pending: PendingPing[] = [];
  /** The number of the oldest one. */
  #first = 0;
  /** The numbers of those with the same payload, oldest first: a peer may send pongs without end. */
  readonly #numbers = new Map<string, number[]>();
  #count = 0;
  /** The latest round-trip time, in milliseconds. */
  latency: number | undefined;

  /** Makes a payload that no pending ping of ours has. */
  nextPayload(): Uint8Array {
    this.#count = (this.#count + 1) >>> 0;
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, this.#count);
    return payload;
  }

  /** A ping was sent; without an observer it only counts for `latency`. */
  sent(payload: Uint8Array, now: number, observer?: PingObserver): void {
    if (observer === undefined && this.#pending.length >= MAX_UNOBSERVED) return;
    const key = keyOf(payload, 0, payload.length);
    const number = this.#first + this.#pending.length;
    const same = this.#numbers.get(key);
    if (same === undefined) this.#numbers.set(key, [number]);
    else same.push(number);
    this.#pending.push({ key, sent: now, observer });
  }

  /**
   * A pong came. It answers the ping with its payload and, as a peer may answer only the latest of
   * several pings (RFC 6455 §5.5.3), all pings before that one.
   */
  received(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.#pending.length === 0) return;
    const number = this.#numbers.get(keyOf(bytes, start, end))?.[0];
    if (number === undefined) return;
    const answered: PendingPing[] = [];
    while (this.#first <= number) answered.push(this.#takeOldest());
    this.latency = now - (answered.at(-1) as PendingPing).sent;
    for (const { sent, observer } of answered) observer?.(now - sent);
  }

  /** No pong will come any more. */
  cancel(): void {
    const pending = this.#pending;
    this.#pending = [];
    this.#numbers.clear();
    for (const { observer } of pending) observer?.(undefined);
  }

  #takeOldest(): PendingPing {
    const ping = this.#pending.shift() as PendingPing;
    this.#first++;
    const same = this.#numbers.get(ping.key) as number[];
    if (same.length === 1) this.#numbers.delete(ping.key);
    else same.shift();
    return ping;
  }
}

/** Returns a text with a character for each byte. */
function keyOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
