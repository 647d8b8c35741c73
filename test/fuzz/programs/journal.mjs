// Writes down what the programs and the peers do, line by line, in a file. The file still has the lines of
// a process that has died.
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';

/** Most lines of one connection in a report. */
const MAX_SHOWN = 60;

/** Returns the time in milliseconds, on a clock that all processes share. */
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

  /** Writes what happened at an end of a connection, such as `3c` for the client's end of link 3. */
  note(end, text) {
    const line = text.replaceAll(/\s*\n\s*/g, ' | ');
    writeSync(this.#descriptor, `${clock().toFixed(2)} ${end} ${line}\n`);
  }
}

/** Empties the journal in a file. */
export function clearJournal(path) {
  writeFileSync(path, '');
}

/** Reads in order what happened on the links with these numbers, and what belongs to no link. */
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
  const left = shown.length - MAX_SHOWN;
  if (left <= 0) return shown.join('\n');
  const half = MAX_SHOWN / 2;
  return [...shown.slice(0, half), `… ${left} lines …`, ...shown.slice(-half)].join('\n');
}
