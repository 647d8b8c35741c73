/** Shows how far the run is: on a terminal in one line that updates itself, elsewhere in a line per round. */
import { clip } from '../reports/table.mjs';

/** The progress of a run, written to another stream than the tables. */
export class Progress {
  /** Steps done. */
  done = 0;
  #stream;
  #total;
  #begun = Date.now();

  /**
   * @param {NodeJS.WriteStream} stream
   * @param {number} total steps
   */
  constructor(stream, total) {
    this.#stream = stream;
    this.#total = total;
  }

  /** @param {number} steps that are left out; the estimate of the time left must not count them */
  skip(steps) {
    this.#total -= steps;
  }

  /**
   * @param {number} round counted from 1
   * @param {number} rounds
   */
  startRound(round, rounds) {
    if (this.#stream.isTTY) return;
    const elapsed = formatDuration(Date.now() - this.#begun);
    const remaining = this.done === 0 ? '' : `, about ${formatDuration(this.#left())} left`;
    this.#stream.write(`round ${round} of ${rounds} begins after ${elapsed}${remaining}\n`);
  }

  /** @param {string} doing what the updating line says */
  show(doing) {
    if (!this.#stream.isTTY) return;
    const remaining = this.done === 0 ? '' : `, about ${formatDuration(this.#left())} left`;
    const text = `[${this.done + 1}/${this.#total}${remaining}] ${doing}`;
    this.#stream.write(`\r\x1b[K${clip(text, (this.#stream.columns || 80) - 1)}`);
  }

  #left() {
    return ((Date.now() - this.#begun) / this.done) * (this.#total - this.done);
  }

  /** Erases the updating line. */
  clear() {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K');
  }
}

/** @param {number} ms */
export function formatDuration(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
