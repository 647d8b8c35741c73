/** Tells how far the cases of an agent are: a line per group of cases, and one every ten seconds. */
import process from 'node:process';

const INTERVAL = 10_000;

export class Progress {
  #agent;
  #start = performance.now();
  #lastLine = Number.NEGATIVE_INFINITY;
  #group = '';
  #count = 0;

  /** @param {string} agent */
  constructor(agent) {
    this.#agent = agent;
  }

  /**
   * A case begins.
   *
   * @param {string} id
   * @param {number} total
   */
  begin(id, total) {
    this.#count++;
    const [group] = id.split('.');
    const isLate = performance.now() - this.#lastLine >= INTERVAL;
    if (group === this.#group && !isLate) return;
    this.#group = group;
    this.#print(`case ${id}, ${this.#count} of ${total}`);
  }

  /** @param {string} text */
  note(text) {
    this.#print(text);
  }

  end() {
    this.#print(`done, ${this.#count} cases`);
  }

  #print(text) {
    this.#lastLine = performance.now();
    const seconds = ((this.#lastLine - this.#start) / 1000).toFixed(0).padStart(5);
    process.stdout.write(`${this.#agent.padEnd(7)} ${seconds} s  ${text}\n`);
  }
}
