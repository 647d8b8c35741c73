/**
 * What the receiving calls of the async and the sync face tell: messages, and how they ended.
 */
import { MessageTooBigError, RemoteProtocolError, WebSocketError } from '../errors.ts';
import { CloseCode } from '../protocol/close-code.ts';
import type { Session } from '../protocol/session.ts';
import { copyBytes, copyPooled } from './message-slab.ts';
import { decodeText } from './text.ts';

/** A message received: text as a string, binary as bytes that are the caller's own. */
export type Message = string | Uint8Array;

/**
 * Makes the message that is kept of one that came.
 *
 * @param isOwn whether `bytes` is the message and no more, for the caller to keep
 * @param isPooled whether short messages may lie in memory that they share, as Node's own Buffers do
 */
export function keepMessage(
  bytes: Uint8Array,
  start: number,
  end: number,
  isText: boolean,
  isOwn: boolean,
  isPooled = false,
): Message {
  if (isText) return decodeText(bytes, start, end);
  if (isOwn) return bytes;
  return isPooled ? copyPooled(bytes, start, end) : copyBytes(bytes, start, end);
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

/** Makes the error that tells of messages which came after our own close and could not be kept. */
export function messagesDroppedError(count: number, bytes: number): WebSocketError {
  const messages = count === 1 ? '1 message' : `${count} messages`;
  return new WebSocketError(
    'WS_MESSAGES_DROPPED',
    `${messages} of ${bytes} bytes in all came after close and were dropped: nobody took them in time`,
  );
}
