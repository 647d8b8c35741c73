/**
 * Matches pongs to pings (RFC 6455 §5.5.2, §5.5.3) and tells the round-trip times.
 */

/** Is told how a ping went: its round-trip time in milliseconds, or nothing if no pong will come. */
export type PingObserver = (roundTrip: number | undefined) => void;

interface PendingPing {
  readonly payload: Uint8Array;
  readonly sent: number;
  readonly observer: PingObserver | undefined;
}

/** Unanswered pings after which one that nobody waits for is not remembered. */
const MOST_UNOBSERVED = 1024;

/** The pings of one connection that wait for their pongs. */
export class PingTracker {
  #pending: PendingPing[] = [];
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
    if (observer === undefined && this.#pending.length >= MOST_UNOBSERVED) return;
    this.#pending.push({ payload: payload.slice(), sent: now, observer });
  }

  /**
   * A pong came. It answers the ping with its payload and, as a peer may answer only the latest of
   * several pings (RFC 6455 §5.5.3), all pings before that one.
   */
  received(bytes: Uint8Array, start: number, end: number, now: number): void {
    const index = this.#pending.findIndex(({ payload }) => isEqual(payload, bytes, start, end));
    if (index < 0) return;
    const answered = this.#pending.splice(0, index + 1);
    this.latency = now - (answered.at(-1) as PendingPing).sent;
    for (const { sent, observer } of answered) observer?.(now - sent);
  }

  /** No pong will come any more. */
  cancel(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const { observer } of pending) observer?.(undefined);
  }
}

function isEqual(payload: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (payload.length !== end - start) return false;
  return payload.every((byte, i) => byte === bytes[start + i]);
}
