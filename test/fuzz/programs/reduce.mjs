// Makes a failing case small by removing parts of it: connections, steps of peers, handlers, steps.

/** Most milliseconds that this may take. */
const MAX_WAIT = 120_000;
/** How often a case is tried before it counts as passing, because the event loop never runs the same twice. */
const TRIES = 2;

/** The paths to all arrays in a value of plain JSON, the outermost first. */
function arraysIn(value, path = []) {
  if (value === null || typeof value !== 'object') return [];
  const found = Array.isArray(value) && value.length > 0 ? [path] : [];
  for (const [key, inner] of Object.entries(value)) found.push(...arraysIn(inner, [...path, key]));
  return found.sort((a, b) => a.length - b.length);
}

function at(value, path) {
  return path.reduce((inner, key) => inner?.[key], value);
}

/** A copy in which some items of one array are missing. Calls of handlers keep their places. */
function without(input, path, start, count) {
  const copy = structuredClone(input);
  const list = at(copy, path);
  const isCall = Array.isArray(list[start]);
  if (isCall) for (let i = start; i < start + count; i++) list[i] = [];
  else list.splice(start, count);
  return copy;
}

function isSmaller(a, b) {
  return JSON.stringify(a).length < JSON.stringify(b).length;
}

/** Returns the smallest case that was found for which `fails` is true. */
export async function reduce(input, fails) {
  const until = performance.now() + MAX_WAIT;
  const stillFails = async (candidate) => {
    for (let i = 0; i < TRIES && performance.now() < until; i++) {
      if (await fails(candidate)) return true;
    }
    return false;
  };
  let best = input;
  for (let before; before !== best && performance.now() < until; ) {
    before = best;
    for (const path of arraysIn(best)) {
      const length = at(best, path)?.length ?? 0;
      for (let count = length; count >= 1; count = Math.floor(count / 2)) {
        for (let start = 0; start + count <= (at(best, path)?.length ?? 0); ) {
          const candidate = without(best, path, start, count);
          const isBetter = isSmaller(candidate, best) && (await stillFails(candidate));
          if (isBetter) best = candidate;
          else start += count;
        }
      }
    }
  }
  return best;
}
