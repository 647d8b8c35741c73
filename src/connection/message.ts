/**
 * Messages as programs receive them, and the errors after the last one.
 */
import { MessageTooBigError, RemoteProtocolError, WebSocketError } from '../errors.ts';
import { CloseCode } from '../protocol/close-code.ts';
import type { Session } from '../protocol/session.ts';
import { copyBytes, copyPooled } from '../transport/message-slab.ts';
import { decodeText } from './text.ts';

/** A received message: text as a string, binary as bytes that the program may keep and change. */
export type Message = string | Uint8Array;

/**
 * Makes a message that the program may keep.
 *
 * @param isOwn whether `bytes` has nothing but the message and may be kept
 * @param isPooled whether short messages may share an `ArrayBuffer`, as Node's own Buffers do
 */
export function keepMessage(
  bytes: Uint8Array,
  start: number,
  end: number,
  isText: boolean,
  isOwn: boolean,
  isPooled: boolean,
): Message {
  if (isText) return decodeText(bytes, start, end);
  if (isOwn) return bytes;
  return isPooled ? copyPooled(bytes, start, end) : copyBytes(bytes, start, end);
}

/** Makes the error for a `recv` after the end: the peer's fault, or else that the connection is closed. */
export function endError(session: Session): WebSocketError {
  const { failure } = session;
  const isPeersFault =
    failure instanceof RemoteProtocolError || failure instanceof MessageTooBigError;
  return isPeersFault ? failure : session.closedError();
}

/** Tells whether an iteration over the messages ends without an error. */
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

/** Makes the error for messages that came after our own close and were dropped. */
export function messagesDroppedError(count: number, bytes: number): WebSocketError {
  const messages = count === 1 ? '1 message' : `${count} messages`;
  return new WebSocketError(
    'WS_MESSAGES_DROPPED',
    `${messages} of ${bytes} bytes in all came after close and were dropped: the program did not receive them in time`,
  );
}
