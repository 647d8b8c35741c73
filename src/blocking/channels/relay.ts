/**
 * A channel over a socket that stays with the worker, TLS included: bytes cross through shared
 * memory. For platforms on which a socket has no file descriptor, or nothing can be done with it.
 */
import { nodeKernels } from '../../kernels/node.ts';
import { now } from '../../transport/clock.ts';
import type { SpinGate } from '../../transport/spin-gate.ts';
import { plainView, RECEIVE_SIZE } from '../calls/system-calls.ts';
import type { SharedRings } from '../worker/shared-ring.ts';
import type { Channel, ChannelReader, Deadline, ReceiveResult } from './channel.ts';

/** What the channel asks of the worker. */
export interface RelayWorker {
  /** Has the worker look at the rings. */
  wake(): void;
  /** Why the connection was lost, if it was. */
  takeLoss(): Error | undefined;
}

/** A thread's copy of what it receives: not every function takes memory that threads share. */
let received: Uint8Array | undefined;

/** A connection under blocking calls whose socket another thread has. */
export class RelayChannel implements Channel {
  readonly #rings: SharedRings;
  readonly #worker: RelayWorker;
  readonly #reader: ChannelReader;
  isHalfDone = false;

  constructor(rings: SharedRings, worker: RelayWorker, reader: ChannelReader) {
    this.#rings = rings;
    this.#worker = worker;
    this.#reader = reader;
  }

  /** Bytes that the worker has not handed to the system: it goes on with them by itself. */
  get pending(): number {
    return this.#rings.unsent;
  }

  send(bytes: Uint8Array, deadline: Deadline): number {
    const rings = this.#rings;
    let sent = 0;
    while (sent < bytes.length) {
      const seen = rings.news;
      this.#throwLoss();
      const size = rings.outbound.put(bytes, sent);
      if (size > 0) {
        sent += size;
        if (rings.endIdle()) this.#worker.wake();
      } else {
        const left = deadline() - now();
        if (left <= 0) break;
        if (!this.#receiveAvailable()) rings.awaitNews(seen, left);
      }
    }
    return sent;
  }

  /** The worker needs no help to send. */
  flush(): boolean {
    return true;
  }

  receive(deadline: number, gate: SpinGate): ReceiveResult {
    if (this.#receiveAvailable()) return 'bytes';
    const begun = now();
    if (this.#rings.hasEnded || begun < deadline) {
      const result = this.#wait(deadline, begun, gate.next());
      gate.observe(now() - begun);
      return result;
    }
    return 'timeout';
  }

  /** The worker ends what it owns when it is given back. */
  end(): void {}

  #wait(deadline: number, begun: number, spin: number): ReceiveResult {
    const rings = this.#rings;
    for (const until = begun + spin; now() < until && rings.inbound.length === 0; ) {
      // Nothing is cheaper than looking.
    }
    for (;;) {
      const seen = rings.news;
      // Looked at before the bytes: what came before the end is received before it.
      const hasEnded = rings.hasEnded;
      if (this.#receiveAvailable()) return 'bytes';
      if (hasEnded) {
        this.#throwLoss();
        return 'end';
      }
      const left = deadline - now();
      if (left <= 0) return 'timeout';
      rings.awaitNews(seen, left);
    }
  }

  #receiveAvailable(): boolean {
    const { inbound } = this.#rings;
    const length = Math.min(inbound.length, RECEIVE_SIZE);
    if (length === 0) return false;
    received ??= plainView(nodeKernels().allocate(RECEIVE_SIZE));
    this.isHalfDone = true;
    try {
      inbound.take(received, length);
      if (this.#rings.takeRoomRequest()) this.#worker.wake();
      this.#reader(received, 0, length);
    } finally {
      this.isHalfDone = false;
    }
    return true;
  }

  #throwLoss(): void {
    if (!this.#rings.isLost) return;
    const loss = this.#worker.takeLoss();
    if (loss !== undefined) throw loss;
  }
}
