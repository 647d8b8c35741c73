/**
 * The calls that wait until what is buffered has drained.
 */
import { onceAborted } from './abort-signals.ts';
import { handled } from './unawaited.ts';

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
  /** Waits no longer for the signal. */
  forgetSignal: (() => void) | undefined;
}

/** Who waits for room, on one connection. */
export class DrainWaiters {
  readonly #waiters = new Set<Waiter>();

  /** Waits until there is room; rejected with the reason of the signal, or with the connection's end. */
  wait(signal?: AbortSignal): Promise<void> {
    return handled(
      new Promise((resolve, reject) => {
        // It may have aborted while the message waited for its turn.
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

  /** There is room. */
  drained(): void {
    for (const waiter of this.#waiters) {
      waiter.forgetSignal?.();
      waiter.resolve();
    }
    this.#waiters.clear();
  }

  /** There will be none any more. */
  end(makeError: () => unknown): void {
    for (const waiter of this.#waiters) {
      waiter.forgetSignal?.();
      waiter.reject(makeError());
    }
    this.#waiters.clear();
  }
}
