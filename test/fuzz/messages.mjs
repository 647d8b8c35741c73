// Arbitraries for what an application may send, and the events that it causes at the other end.
import fc from 'fast-check';
import { fromHex, toHex } from './bytes.mjs';
import { anyBytes, rightText } from './frames.mjs';

const bytesHex = anyBytes.map((bytes) => toHex(bytes));
const controlHex = fc.uint8Array({ maxLength: 125 }).map((bytes) => toHex(bytes));

/** A text in parts, a binary message in parts (in hexadecimal), a ping or a pong. */
export const message = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('text'),
      parts: fc.oneof(fc.tuple(rightText), fc.array(rightText, { minLength: 1, maxLength: 4 })),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('binary'),
      parts: fc.oneof(fc.tuple(bytesHex), fc.array(bytesHex, { minLength: 1, maxLength: 4 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('ping', 'pong'), parts: fc.tuple(controlHex) }),
  },
);

/** The event that a message causes at the other end. */
export function eventOf({ kind, parts }) {
  const all =
    kind === 'text' ? toHex(Buffer.from(parts.map(asWellFormed).join(''))) : parts.join('');
  return `${kind}:${all}`;
}

function asWellFormed(text) {
  return Buffer.from(text).toString();
}

/** Sends a message through a session. */
export function sendBy(session, { kind, parts }) {
  if (kind === 'ping') session.ping(fromHex(parts[0]));
  else if (kind === 'pong') session.pong(fromHex(parts[0]));
  else if (parts.length > 1) {
    parts.forEach((part, i) => {
      const payload = kind === 'text' ? part : fromHex(part);
      session.sendFragment(payload, kind === 'text', i === parts.length - 1);
    });
  } else if (kind === 'text') session.sendText(parts[0]);
  else session.sendBinary(fromHex(parts[0]));
}
