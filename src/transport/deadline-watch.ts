/**
 * Watches deadlines that are far away, for all connections of a thread with one timer: a timer of
 * its own takes a connection more memory than its deadlines do, and most of them only ever see that
 * the peer has been heard in the meantime.
 */
import { clearTimeout, now, setTimeout } from './clock.ts';

/** From this many milliseconds on a deadline is far away. */
const FAR = 2000;
/** Milliseconds before a deadline at which it is handed back, to be kept to the millisecond. */
const MARGIN = 1000;
/** Milliseconds between two looks at least: there may be many to look at. */
const SHORTEST_PAUSE = 500;

/** Who has deadlines. */
export interface Watched {
  /** When the next one is due; infinity for never. */
  nextTimeout(): number;
  /** The next one is near, or there is none: it is not watched any more. */
  handleNear(): void;
}

/** The deadlines of one thread. */
class DeadlineWatch {
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  /** When the next look is due. */
  #nextLook = Number.POSITIVE_INFINITY;

  /** Watches the deadlines of one more, if the next one is far away. */
  add(watched: Watched, due: number, time: number): boolean {
    if (due - time < FAR) return false;
    this.#watched.add(watched);
    this.#lookAt(due - MARGIN, time);
    return true;
  }

  /** Watches no more. */
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
      if (due - time >= FAR && due < Number.POSITIVE_INFINITY) {
        earliest = Math.min(earliest, due);
      } else {
        this.#watched.delete(watched);
        watched.handleNear();
      }
    }
    if (earliest < Number.POSITIVE_INFINITY) this.#lookAt(earliest - MARGIN, time);
  }

  #lookAt(wanted: number, time: number): void {
    const next = Math.max(wanted, time + SHORTEST_PAUSE);
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
