/**
 * Watches deadlines that are far away, with one timer for all connections of a thread. A timer for each connection
 * would take more memory than its deadlines. Most deadlines move on before they are due, since the peer is heard.
 */
import { clearTimeout, now, setTimeout } from './clock.ts';

/** A deadline at least so many milliseconds away is far. */
const MIN_FAR = 2000;
/** Milliseconds before a deadline at which the watch ends, and a timer of the connection's own takes over. */
const MARGIN = 1000;
/** Milliseconds between two looks at all deadlines: there may be many. */
const MIN_PAUSE = 500;

/** A connection with deadlines. */
export interface Watched {
  /** When the next deadline is due; infinity for never. */
  nextTimeout(): number;
  /** The watch has ended: the next deadline is near, or there is none. */
  handleNear(): void;
}

/** The deadlines of one thread. */
class DeadlineWatch {
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  /** When the next look is due. */
  #nextLook = Number.POSITIVE_INFINITY;

  /** Watches a connection if its next deadline is far; tells whether it does. */
  add(watched: Watched, due: number, time: number): boolean {
    if (due - time < MIN_FAR) return false;
    this.#watched.add(watched);
    this.#lookAt(due - MARGIN, time);
    return true;
  }

  /** Ends the watch over a connection. */
  remove(watched: Watched): void {
    this.#watched.delete(watched);
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#nextLook = Number.POSITIVE_INFINITY;
  }

  look(): void {
    this.#nextLook = Number.POSITIVE_INFINITY;
    const time = now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const watched of this.#watched) {
      const due = watched.nextTimeout();
      if (due - time >= MIN_FAR && due < Number.POSITIVE_INFINITY) {
        earliest = Math.min(earliest, due);
      } else {
        this.#watched.delete(watched);
        watched.handleNear();
      }
    }
    if (earliest < Number.POSITIVE_INFINITY) this.#lookAt(earliest - MARGIN, time);
  }

  #lookAt(wanted: number, time: number): void {
    const next = Math.max(wanted, time + MIN_PAUSE);
    if (next >= this.#nextLook) return;
    clearTimeout(this.#timer);
    this.#nextLook = next;
    this.#timer = setTimeout(look, next - time, this);
    this.#timer.unref();
  }
}

function look(watch: DeadlineWatch): void {
  watch.look();
}

/** The watch of this thread. */
export const deadlineWatch: DeadlineWatch = new DeadlineWatch();
