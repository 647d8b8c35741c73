/**
 * How far a write has come that the system does not take at once. The callback of a write tells only
 * its end, and one write may be all that a connection has to send.
 */

/** The field by which `net` itself tells, for `socket.setTimeout`, whether a write moves. */
interface WriteHandle {
  readonly writeQueueSize?: number;
  /** Below TLS: the TCP connection. */
  readonly _parent?: WriteHandle;
}

/** Watches the writes under way of one connection. */
export class WriteProgress {
  #untaken: number | undefined;

  /** Tells whether the system has taken any of them since this was last asked. */
  hasMoved(socket: object): boolean {
    const untaken = untakenBytes(socket);
    if (untaken === this.#untaken) return false;
    this.#untaken = untaken;
    return true;
  }
}

/** Returns the bytes of the writes under way that the system has not taken; `undefined` if Node.js does not say. */
function untakenBytes(socket: object): number | undefined {
  const { _handle: handle } = socket as { readonly _handle?: WriteHandle | null };
  return (handle?._parent ?? handle)?.writeQueueSize;
}
