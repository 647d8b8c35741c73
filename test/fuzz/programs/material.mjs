// What a program gives to `send`: the same message in every form that it may have, changed right
// after the call wherever the caller may do so.
import { Blob } from 'node:buffer';
import { OnPurpose } from './on-purpose.mjs';
import { payloadOf } from './payloads.mjs';

/** Forms in which a message is text. */
const TEXT_FORMS = new Set(['text', 'textBytes', 'textPieces']);
/** Forms that are not at hand when `send` returns. */
const LATE_FORMS = new Set(['blob', 'pieces', 'asyncPieces', 'textPieces', 'failingPieces']);

export function isTextForm(form) {
  return TEXT_FORMS.has(form);
}

export function isLateForm(form) {
  return LATE_FORMS.has(form);
}

/** Cuts in five at most, at places that nothing keeps from being inside a character; in one at least. */
function pieces(whole) {
  if (whole.length === 0) return [whole];
  const cut = typeof whole === 'string' ? 'slice' : 'subarray';
  const length = Math.max(1, Math.ceil(whole.length / 5));
  const list = [];
  for (let at = 0; at < whole.length; at += length) list.push(whole[cut](at, at + length));
  return list;
}

/** Gives the pieces out of one memory that is used again for each. */
function* lent(list) {
  const memory = new Uint8Array(Math.max(0, ...list.map((piece) => piece.length)));
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

function* failing(list, id) {
  yield* list.slice(0, -1);
  throw new OnPurpose(id, 'in a source');
}

/** Makes `{ data, options, spoil }` for a message; `spoil` changes what was given. */
export function materialOf({ channel, number, form, size, compress }) {
  const isText = isTextForm(form);
  const whole = payloadOf(channel, number, isText, size);
  const options = compress ? {} : { compress: false };
  const spoil = () => {};
  switch (form) {
    case 'text':
      return { data: whole, options, spoil };
    case 'textBytes': {
      const data = Buffer.from(whole);
      return { data, options: { ...options, text: true }, spoil: () => data.fill(0xee) };
    }
    case 'blob':
      return { data: new Blob([whole]), options, spoil };
    case 'textPieces':
      return { data: pieces(whole), options, spoil };
    case 'pieces':
      return { data: lent(pieces(whole)), options, spoil };
    case 'asyncPieces':
      return { data: lentLater(pieces(whole)), options, spoil };
    case 'failingPieces':
      return { data: failing(pieces(whole), `${channel}#${number}`), options, spoil };
    default: {
      const spoilBytes = () => whole.fill(0xee);
      if (form === 'arrayBuffer') return { data: whole.buffer, options, spoil: spoilBytes };
      if (form === 'bytes') return { data: whole, options, spoil: spoilBytes };
      return { data: new DataView(whole.buffer), options, spoil: spoilBytes };
    }
  }
}
