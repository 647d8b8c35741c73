// Makes a failing case smaller, byte by byte in its streams, which fast-check's shrinking cannot.

/** Most attempts, so that a slow target does not hold up the others. */
const MAX_ATTEMPTS = 2000;

/** Returns what is wrong with a case, or nothing. */
export async function failureOf(target, input) {
  try {
    await target.check(input);
    return undefined;
  } catch (error) {
    return error;
  }
}

async function fails(target, input) {
  return (await failureOf(target, input)) !== undefined;
}

/** Removes bytes from `input[key]` (hexadecimal), then sets the rest to zero, as long as the case fails. */
async function minimiseStream(target, input, key) {
  let best = input;
  let attempts = 0;
  const attempt = async (text) => {
    const candidate = { ...best, [key]: text };
    if (++attempts > MAX_ATTEMPTS || !(await fails(target, candidate))) return false;
    best = candidate;
    return true;
  };
  for (let count = best[key].length / 2; count >= 1; count = Math.floor(count / 2)) {
    for (let at = 0; at < best[key].length; ) {
      const text = best[key];
      if (!(await attempt(text.slice(0, at) + text.slice(at + 2 * count)))) at += 2 * count;
    }
  }
  for (let at = 0; at < best[key].length; at += 2) {
    const text = best[key];
    if (text.slice(at, at + 2) !== '00')
      await attempt(`${text.slice(0, at)}00${text.slice(at + 2)}`);
  }
  return best;
}

/** Returns the smallest case that was found to fail its target. */
export async function minimise(target, input) {
  if (target.minimise !== undefined) return target.minimise(input);
  let best = input;
  for (const key of target.streams ?? ['stream']) {
    if (typeof best[key] === 'string') best = await minimiseStream(target, best, key);
  }
  return best;
}
