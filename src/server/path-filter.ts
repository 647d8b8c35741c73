/**
 * Which requests an endpoint answers, by their path.
 */
import { isPromise } from 'node:util/types';
import type { PathFilter } from '../options/options.ts';

// RFC 9112 §3.2.2: a request target may be an absolute URI.
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** Returns the path of a request target, without its query. It is not decoded. */
export function pathOf(target: string): string {
  const path = target.replace(ORIGIN, '').replace(/[?#].*$/s, '');
  return path === '' ? '/' : path;
}

/** Returns the URL of a server with the path that it answers, if that is one. */
export function withPath(url: string, filter: PathFilter | undefined): string {
  return typeof filter === 'string' && url.endsWith('/') ? url.slice(0, -1) + filter : url;
}

/**
 * Tells whether a path is an endpoint's.
 *
 * @throws what the filter throws, if it is a function
 * @throws TypeError if the function returns a promise
 */
export function isOnPath(filter: PathFilter | undefined, path: string): boolean {
  if (filter === undefined) return true;
  if (typeof filter === 'string') return path === filter;
  if (typeof filter === 'function') return answerAtOnce(filter(path));
  // A RegExp with the flag `g` or `y` begins where it stopped before.
  filter.lastIndex = 0;
  return filter.test(path);
}

function answerAtOnce(answer: unknown): boolean {
  if (!isPromise(answer)) return answer === true;
  // The error below says what is wrong. What the promise is rejected with must not end the process.
  answer.catch(() => {});
  throw new TypeError("the function 'path' must answer at once, not with a promise");
}
