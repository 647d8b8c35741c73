/** Lists the interpreters of Python to try, in order. It has no side effects, so its tests need no interpreter. */

/** The version that the pinned packages need. */
export const MIN_PYTHON = [3, 12];
const MAX_PYTHON_MINOR = 20;

/**
 * Lists interpreters. If `PYTHON` names one, it is the only one. Otherwise those on PATH come first and then those of
 * pyenv, the newest first.
 *
 * @param {Record<string, string | undefined>} env
 * @param {readonly { version: string, path: string }[]} pyenv installed versions
 */
export function pythonCandidates(env, pyenv) {
  if (env.PYTHON) return [env.PYTHON];
  const [major, least] = /** @type {[number, number]} */ (MIN_PYTHON);
  const named = Array.from(
    { length: MAX_PYTHON_MINOR - least + 1 },
    (_, i) => `python${major}.${MAX_PYTHON_MINOR - i}`,
  );
  const ofPyenv = pyenv
    .filter(({ version }) => /^\d+\.\d+\.\d+$/.test(version) && isPythonRecentEnough(version))
    .sort((a, b) => compareVersions(b.version, a.version))
    .map(({ path }) => path);
  return [...named, 'python3', 'python', ...ofPyenv];
}

/** @param {string} version such as 3.13.0 */
export function isPythonRecentEnough(version) {
  return compareVersions(version, MIN_PYTHON.join('.')) >= 0;
}

/**
 * @param {string} a
 * @param {string} b
 */
function compareVersions(a, b) {
  const numbers = (/** @type {string} */ version) => version.split('.').map(Number.parseFloat);
  const [of, to] = [numbers(a), numbers(b)];
  for (let i = 0; i < Math.max(of.length, to.length); i++) {
    const difference = (of[i] ?? 0) - (to[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
