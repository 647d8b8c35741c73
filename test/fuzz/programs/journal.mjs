// What the programs and the peers did, line by line, in a file: what a process wrote there before it
// died is there still.
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';

/** Lines of one connection that a report shows at most. */
const MOST_SHOWN = 60;

/** Milliseconds on a clock that two processes share. */
export function clock() {
  return performance.timeOrigin + performance.now();
}

/** Writes to the journal. */
export class Journal {
  path;
  #descriptor;

  constructor(path) {
    this.path = path;
    this.#descriptor = openSync(path, 'a');
  }

  /** Writes that something happened on an end of a connection, such as `3c` for the client's of link 3. */
  note(end, text) {
    const line = text.replaceAll(/\s*\n\s*/g, ' | ');
    writeSync(this.#descriptor, `${clock().toFixed(2)} ${end} ${line}\n`);
  }
}

/** Empties the journal in a file. */
export function clearJournal(path) {
  writeFileSync(path, '');
}

/** Reads what happened on the links given by their numbers, and what belongs to none; in order. */
export function readJournal(path, links) {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const first = Number(lines[0]?.split(' ', 1)[0]);
  const shown = [];
  for (const line of lines) {
    const [, time, end, text] = /^([\d.]+) (\S+) (.*)$/.exec(line) ?? [];
    const number = Number.parseInt(end, 10);
    if (!Number.isNaN(number) && !links.includes(number)) continue;
    shown.push(`${(Number(time) - first).toFixed(1).padStart(8)} ms  ${end.padEnd(4)} ${text}`);
  }
  const left = shown.length - MOST_SHOWN;
  if (left <= 0) return shown.join('\n');
  const half = MOST_SHOWN / 2;
  return [...shown.slice(0, half), `… ${left} lines …`, ...shown.slice(-half)].join('\n');
}
