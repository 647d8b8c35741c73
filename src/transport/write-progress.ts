/**
 * Tells whether a write that takes long still moves. The callback of a write is called only at its end, and one write
 * may be all that a connection sends.
 */

/** The handle of a socket. `net` reads this field too, for `socket.setTimeout`. */
interface WriteHandle {
  readonly writeQueueSize?: number;
  /** Below TLS: the TCP connection. */
  readonly _parent?: WriteHandle;
}

/** Watches the writes of one connection. */
export class WriteProgress {
  #untaken: number | undefined;

  /** Tells whether the system has taken any bytes since the last call. */
  hasMoved(socket: object): boolean {
    const untaken = untakenBytes(socket);
    if (untaken === this.#untaken) return false;
    this.#untaken = untaken;
    return true;
  }
}

/** Returns how many bytes the system has not taken yet; `undefined` if Node.js does not say. */
function untakenBytes(socket: object): number | undefined {
  const { _handle: handle } = socket as { readonly _handle?: WriteHandle | null };
  return (handle?._parent ?? handle)?.writeQueueSize;
}
