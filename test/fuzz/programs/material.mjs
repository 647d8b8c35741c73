// Makes the data that a program gives to `send`: a message in any of its forms. The data is changed right
// after the call if the caller may do so.
import { Blob } from 'node:buffer';
import { OnPurpose } from './on-purpose.mjs';
import { payloadOf } from './payloads.mjs';

/**
 * The forms. `isText` says that the message is text, `isLate` that it is not complete when `send` returns,
 * and `fails` that it can never be sent to its end.
 */
const FORMS = {
  text: { isText: true },
  bytes: {},
  arrayBuffer: {},
  dataView: {},
  textBytes: { isText: true },
  blob: { isLate: true },
  /** An array of pieces, and a Set. */
  textPieces: { isText: true, isLate: true },
  textSet: { isText: true, isLate: true },
  bytePieces: { isLate: true },
  /** Bytes in pieces, sent as text. */
  textBytePieces: { isText: true, isLate: true },
  /** Sources that reuse their memory for the next piece, at once or later. */
  source: { isLate: true },
  asyncSource: { isLate: true },
  /** Sources that cannot be sent: one that throws, one that gives no data, one that changes its kind. */
  failingSource: { isLate: true, fails: true },
  wrongSource: { isLate: true, fails: true },
  mixedSource: { isLate: true, fails: true },
  /** A source that waits for ever for its second piece. */
  hangingSource: { isLate: true, fails: true },
};

export const FORM_NAMES = Object.keys(FORMS);

/** Returns the traits of a form. */
export function traitsOf(form) {
  const { isText = false, isLate = false, fails = false } = FORMS[form];
  return { isText, isLate, fails };
}

/** Cuts data into five pieces at most, and one at least. A cut may be inside a character. */
function cut(whole) {
  if (whole.length === 0) return [whole];
  const part = typeof whole === 'string' ? 'slice' : 'subarray';
  const length = Math.ceil(whole.length / 5);
  const list = [];
  for (let at = 0; at < whole.length; at += length) list.push(whole[part](at, at + length));
  return list;
}

/** Yields the pieces from one memory that is reused for each. */
function* lent(list) {
  const memory = new Uint8Array(Math.max(...list.map((piece) => piece.length)));
  for (const piece of list) {
    memory.set(piece);
    yield memory.subarray(0, piece.length);
    memory.fill(0xee);
  }
}

async function* lentLater(list) {
  for (const piece of lent(list)) {
    yield piece;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function* failing(list) {
  yield* list.slice(0, -1);
  throw new OnPurpose(undefined, 'in a source');
}

function* wrong(list) {
  yield* list.slice(0, -1);
  yield 42;
}

function* mixed([first, ...others]) {
  yield first;
  yield* others;
  yield 'of another kind';
}

/** A source that never ends by itself. Only the end of the connection, or of the send, ends it. */
function hanging([first], source) {
  let isBegun = false;
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (isBegun) return new Promise(() => {});
        isBegun = true;
        source.isBegun = true;
        return Promise.resolve({ done: false, value: first });
      },
      return() {
        source.isReturned = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}

function nothing() {}

/**
 * Makes `{ data, options, spoil, source }` for a message. `spoil` changes the data after the call. `source`
 * says whether a hanging source was begun and given back.
 */
export function materialOf({ channel, number, form, size, compress }) {
  const { isText } = traitsOf(form);
  const whole = payloadOf(channel, number, isText, size);
  const options = { ...(compress ? {} : { compress: false }) };
  const spoilBytes = () => whole.fill(0xee);
  const asText = { ...options, text: true };
  switch (form) {
    case 'text':
      return { data: whole, options, spoil: nothing };
    case 'bytes':
      return { data: whole, options, spoil: spoilBytes };
    case 'arrayBuffer':
      return { data: whole.buffer, options, spoil: spoilBytes };
    case 'dataView':
      return { data: new DataView(whole.buffer), options, spoil: spoilBytes };
    case 'textBytes': {
      const data = Buffer.from(whole);
      return { data, options: asText, spoil: () => data.fill(0xee) };
    }
    case 'blob':
      return { data: new Blob([whole]), options, spoil: nothing };
    case 'textPieces': {
      const data = cut(whole);
      return { data, options, spoil: () => data.fill('spoilt') };
    }
    case 'textSet': {
      // Equal pieces would be one entry of the set.
      const data = new Set(cut(whole));
      const isWhole = [...data].join('') === whole;
      return { data: isWhole ? data : [whole], options, spoil: () => isWhole && data.clear() };
    }
    case 'bytePieces':
      return { data: cut(whole), options, spoil: spoilBytes };
    case 'textBytePieces': {
      const bytes = Buffer.from(whole);
      return { data: cut(bytes), options: asText, spoil: () => bytes.fill(0xee) };
    }
    case 'source':
      return { data: lent(cut(whole)), options, spoil: nothing };
    case 'asyncSource':
      return { data: lentLater(cut(whole)), options, spoil: nothing };
    case 'failingSource':
      return { data: failing(cut(whole)), options, spoil: nothing };
    case 'wrongSource':
      return { data: wrong(cut(whole)), options, spoil: nothing };
    case 'mixedSource':
      return { data: mixed(cut(whole)), options, spoil: nothing };
    default: {
      const source = { isBegun: false, isReturned: false };
      return { data: hanging(cut(whole), source), options, spoil: nothing, source };
    }
  }
}
