/**
 * The errors for a platform, or a process, in which a call cannot wait for a socket.
 */
import { WebSocketError } from '../errors.ts';

const WHERE = `${process.platform}, Node.js ${process.version}`;

/** Makes the error that says why the sync client cannot work here. */
export function unsupported(reason: string, cause?: unknown): WebSocketError {
  const message = `wirespeed/sync cannot work here (${WHERE}): ${reason}`;
  return new WebSocketError('WS_SYNC_UNSUPPORTED', message, cause === undefined ? {} : { cause });
}

/** Makes the error that says why blocking calls cannot drive a connection of the async client. */
export function unlendable(reason: string): WebSocketError {
  const hint = 'connect with wirespeed/sync, or stay with the async client';
  const message = `toSync cannot drive this connection (${WHERE}): ${reason}; ${hint}`;
  return new WebSocketError('WS_SYNC_UNSUPPORTED', message);
}
