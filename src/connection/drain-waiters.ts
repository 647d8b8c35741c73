/**
 * The calls of one connection that wait for room to send.
 */
import { onceAborted } from './abort-signals.ts';
import { handled } from './unawaited.ts';

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
  /** Ends the wait for the signal. */
  forgetSignal: (() => void) | undefined;
}

/** The promises that are resolved when there is room. */
export class DrainWaiters {
  readonly #waiters = new Set<Waiter>();

  /** Waits until there is room. Rejects with the signal's reason, or when the connection ends. */
  wait(signal?: AbortSignal): Promise<void> {
    return handled(
      new Promise((resolve, reject) => {
        // The signal may have aborted while the message waited for its turn.
        signal?.throwIfAborted();
        const waiter: Waiter = { resolve, reject, forgetSignal: undefined };
        this.#waiters.add(waiter);
        if (signal === undefined) return;
        waiter.forgetSignal = onceAborted(signal, () => {
          this.#waiters.delete(waiter);
          reject(signal.reason);
        });
      }),
    );
  }

  /** Resolves all waits: there is room. */
  drained(): void {
    for (const waiter of this.#waiters) {
      waiter.forgetSignal?.();
      waiter.resolve();
    }
    this.#waiters.clear();
  }

  /** Rejects all waits: the connection has ended. */
  end(makeError: () => unknown): void {
    for (const waiter of this.#waiters) {
      waiter.forgetSignal?.();
      waiter.reject(makeError());
    }
    this.#waiters.clear();
  }
}
