/**
 * The errors of a platform, or of a process, in which nothing can block on a socket.
 */
import { WebSocketError } from '../errors.ts';

const WHERE = `${process.platform}, Node.js ${process.version}`;

/** Makes the error that says why the sync face cannot work here. */
export function unsupported(reason: string, cause?: unknown): WebSocketError {
  const message = `wirespeed/sync cannot work here (${WHERE}): ${reason}`;
  return new WebSocketError('WS_SYNC_UNSUPPORTED', message, cause === undefined ? {} : { cause });
}

/** Makes the error that says why a connection of the async face cannot be driven by blocking calls. */
export function unlendable(reason: string): WebSocketError {
  const hint = 'connect with wirespeed/sync, or keep to the async face';
  const message = `toSync cannot drive this connection (${WHERE}): ${reason}; ${hint}`;
  return new WebSocketError('WS_SYNC_UNSUPPORTED', message);
}
