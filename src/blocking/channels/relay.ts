/**
 * A channel over a socket that the worker keeps. The worker does TLS, and bytes cross through shared
 * memory. It is for platforms whose sockets have no file descriptor, or one that no call works on.
 */
import { nodeKernels } from '../../kernels/node.ts';
import { now } from '../../transport/clock.ts';
import type { PollGate } from '../../transport/poll-gate.ts';
import { plainView, RECEIVE_SIZE } from '../calls/system-calls.ts';
import type { SharedRings } from '../worker/shared-ring.ts';
import type { Channel, ChannelListener, Deadline, ReceiveResult } from './channel.ts';

/** What the channel asks of the worker. */
export interface RelayWorker {
  /** Has the worker look at the rings. */
  wake(): void;
  /** Returns why the connection was lost, if it was. */
  takeLoss(): Error | undefined;
}

/** Where a thread copies what it receives: some functions refuse memory that threads share. */
let received: Uint8Array | undefined;

/** A connection whose socket another thread has. */
export class RelayChannel implements Channel {
  readonly #rings: SharedRings;
  readonly #worker: RelayWorker;
  readonly #listener: ChannelListener;
  isHalfDone = false;

  constructor(rings: SharedRings, worker: RelayWorker, listener: ChannelListener) {
    this.#rings = rings;
    this.#worker = worker;
    this.#listener = listener;
  }

  /** Bytes that the system has not taken from the worker, which goes on writing them by itself. */
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

  /** Does nothing: the worker sends without help. */
  flush(): boolean {
    return true;
  }

  receive(deadline: number, gate: PollGate): ReceiveResult {
    if (this.#receiveAvailable()) return 'bytes';
    const begun = now();
    if (this.#rings.hasEnded || begun < deadline) {
      const result = this.#wait(deadline, begun, gate.next());
      gate.observe(now() - begun);
      return result;
    }
    return 'timeout';
  }

  /** Does nothing: the worker ends the connection when it gets it back. */
  end(): void {}

  #wait(deadline: number, begun: number, poll: number): ReceiveResult {
    const rings = this.#rings;
    for (const until = begun + poll; now() < until && rings.inbound.length === 0; ) {
      // Looking again costs less than any wait.
    }
    for (;;) {
      const seen = rings.news;
      // Read before the bytes are, so that those which came before the end are received before it.
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
      this.#listener(received, 0, length);
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
