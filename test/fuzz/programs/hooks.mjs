// What request hooks answer, right or wrong.
import { momentOf } from './moments.mjs';
import { OnPurpose } from './on-purpose.mjs';

function thenable(then) {
  return Object.defineProperty({}, 'then', { value: then });
}

/** Invalid answers. Each is made anew when it is used. */
const NONSENSE = [
  () => 'yes',
  () => 42,
  () => null,
  () => true,
  () => Symbol('yes'),
  () => () => undefined,
  () => ({ status: 200 }),
  () => ({ status: 101 }),
  () => ({ status: Number.NaN }),
  () => ({ status: '403' }),
  () => ({ status: null }),
  () => ({ protocol: 'not-offered' }),
  () => ({ protocol: 5 }),
  () => ({ protocol: null }),
  () => ({ headers: 'x' }),
  () => ({ headers: null }),
  () => ({ headers: { X: 'a\nb' } }),
  () => ({ headers: { 'a b': 'x' } }),
  () => ({ headers: { X: 5 } }),
  () => ({ headers: { 'Sec-WebSocket-Accept': 'x' } }),
  () => ({ headers: [['X']] }),
  () => ({ headers: [null] }),
  () => ({ status: 403, headers: { X: '\0' } }),
  () => ({ status: 403, body: 5 }),
  (fault) => Object.defineProperty({}, 'status', { get: () => fault() }),
  (fault) => Object.defineProperty({}, 'then', { get: () => fault() }),
  (fault) => thenable(() => fault()),
  (fault) => ({
    headers: Object.defineProperty({}, 'X', { enumerable: true, get: () => fault() }),
  }),
  (fault) => ({
    headers: {
      [Symbol.iterator]: () => fault(),
    },
  }),
  (_fault, error) => thenable((_resolve, reject) => reject(error)),
  () => new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : Symbol('any')) }),
];

export const NONSENSE_COUNT = NONSENSE.length;

/** Values that a hook may throw. */
const THROWN = [
  (error) => error,
  () => undefined,
  () => null,
  () => 'a string',
  () => ({ code: 5 }),
];

function nonsense(which, error) {
  return NONSENSE[which % NONSENSE.length](() => {
    throw error;
  }, error);
}

function answerNow(answer, error) {
  switch (answer.do) {
    case 'accept':
      return undefined;
    case 'refuse':
      return { status: 403, headers: { 'X-Why': 'by the program' }, body: 'no\n' };
    case 'hang':
      return new Promise(() => {});
    case 'throw':
      throw THROWN[answer.what](error);
    default:
      return nonsense(answer.what, error);
  }
}

/** Whether the server must respond to an answer with 500, and report it as a fault. */
export function isFaulty({ do: kind }) {
  return kind === 'throw' || kind === 'nonsense';
}

/** Answers as a hook's program says. An error that it throws on purpose has this id. */
export function answerBy(answer, id) {
  const error = new OnPurpose(id, 'in the request hook');
  if (answer.later === undefined) return answerNow(answer, error);
  return momentOf(answer.later).then(() => answerNow(answer, error));
}
