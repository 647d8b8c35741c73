/**
 * The worker's side of a connection whose socket it keeps: carries bytes between the socket and the
 * memory shared with the calling thread.
 */
import type { Socket } from 'node:net';
import type { SharedRings } from './shared-ring.ts';

const NOTHING = new Uint8Array(0);

/** Relays one socket, TCP or TLS. */
export class SocketRelay {
  readonly #socket: Socket;
  readonly #rings: SharedRings;
  /** Bytes read that found no room in the ring. While there are some, the socket is paused. */
  #rest: Uint8Array = NOTHING;
  /** Bytes of the outbound ring that the socket is writing. */
  #writing = 0;
  /** Called when all has been sent. Set once the caller has given the socket back. */
  #onDrained: (() => void) | undefined;
  /** How the connection has ended, once it has. */
  #end: 'ended' | 'lost' | undefined;

  /** @param onLost is told why the connection was lost, before the calling thread can see that it is */
  constructor(socket: Socket, rings: SharedRings, onLost: (error: Error) => void) {
    this.#socket = socket;
    this.#rings = rings;
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    socket.on('end', () => this.#finish('ended'));
    socket.on('error', (error) => {
      onLost(error);
      this.#finish('lost');
    });
    socket.on('close', () => {
      if (this.#end === undefined) this.#finish('lost');
    });
    socket.resume();
    this.#send();
  }

  /** Sends what the calling thread has put in, and uses the room that it has made. */
  wake(): void {
    if (this.#rest.length > 0) this.#receive(this.#rest);
    this.#send();
  }

  /** Reads and drops what still comes, and calls back once all has been sent. */
  release(onDrained: () => void): void {
    this.#socket.removeAllListeners('data');
    this.#rest = NOTHING;
    this.#socket.resume();
    this.#onDrained = onDrained;
    this.#send();
  }

  #receive(chunk: Uint8Array): void {
    const rings = this.#rings;
    let put = rings.inbound.put(chunk, 0);
    if (put < chunk.length) {
      rings.requestRoom();
      // The calling thread may have made room before it could see the request.
      put += rings.inbound.put(chunk, put);
    }
    this.#rest = chunk.subarray(put);
    rings.announce();
    if (this.#rest.length > 0) this.#socket.pause();
    else if (this.#end !== undefined) this.#finish(this.#end);
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** Passes the end on, behind all that was read before it. */
  #finish(end: 'ended' | 'lost'): void {
    // Over TLS an end may follow the error that explains it.
    if (this.#end !== 'lost') this.#end = end;
    if (this.#rest.length === 0) this.#rings.end(this.#end === 'lost');
  }

  #send(): void {
    const rings = this.#rings;
    if (this.#writing > 0) return;
    let bytes = rings.outbound.view();
    if (bytes.length === 0) {
      rings.beginIdle();
      // The calling thread may have put bytes in before it could see that it has to wake this one.
      bytes = rings.outbound.view();
      if (bytes.length === 0) {
        this.#onDrained?.();
        this.#onDrained = undefined;
        return;
      }
      rings.endIdle();
    }
    this.#writing = bytes.length;
    this.#socket.write(bytes, () => this.#handleWritten());
  }

  #handleWritten(): void {
    this.#rings.outbound.drop(this.#writing);
    this.#writing = 0;
    this.#rings.announce();
    if (!this.#socket.destroyed) this.#send();
  }
}
