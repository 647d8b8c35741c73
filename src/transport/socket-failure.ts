/**
 * The error of a connection whose socket failed once it was open.
 */
import { TransportError } from '../errors.ts';

/** Makes an error of ours of a socket's. */
export function toTransportError(cause: Error): TransportError {
  return new TransportError(`the connection failed: ${cause.message}`, { cause });
}
