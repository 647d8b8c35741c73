/**
 * What the receiving calls of the async and the sync face tell: messages, and how they ended.
 */
import { MessageTooBigError, RemoteProtocolError, type WebSocketError } from '../errors.ts';
import { preventTrimming } from '../kernels/heap-trimming.ts';
import { CloseCode } from '../protocol/close-code.ts';
import type { Session } from '../protocol/session.ts';
import { decodeText } from './text.ts';

/** A message received: text as a string, binary as bytes that are the caller's own. */
export type Message = string | Uint8Array;

/** Copies `bytes[start, end)` into memory of its own. */
function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  preventTrimming(end - start);
  // The fastest way (bench/micro/copy.mjs), but a Buffer's own `slice` does not copy.
  if (bytes.constructor === Uint8Array) return bytes.slice(start, end);
  return new Uint8Array(bytes.subarray(start, end));
}

/** Makes the message that is kept of one that came. */
export function keepMessage(
  bytes: Uint8Array,
  start: number,
  end: number,
  isText: boolean,
  isOwn: boolean,
): Message {
  if (isText) return decodeText(bytes, start, end);
  return isOwn ? bytes : copyBytes(bytes, start, end);
}

/** Makes the error for a `recv` after the end: what the peer did wrong, or that it is closed. */
export function endError(session: Session): WebSocketError {
  const { failure } = session;
  const isPeersFault =
    failure instanceof RemoteProtocolError || failure instanceof MessageTooBigError;
  return isPeersFault ? failure : session.closedError();
}

/** Tells whether the session ended in a way that an iteration simply ends with. */
export function isNormalEnd(session: Session, wasClosedByUs: boolean): boolean {
  if (session.state !== 'closed' || !session.wasClean) return false;
  const code = session.closeCode;
  return (
    wasClosedByUs ||
    code === CloseCode.normal ||
    code === CloseCode.goingAway ||
    code === CloseCode.noStatusReceived
  );
}
