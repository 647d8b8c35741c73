/**
 * Connects a client over a driver: DNS, TCP, TLS and upgrade under one deadline.
 */

import { onceAborted } from '../connection/abort-signals.ts';
import type { DrivenConnection, OpeningWaiter } from '../connection/driven-connection.ts';
import { clientOptions, clientSessionOptions } from '../dial/client-session.ts';
import { explainConnectFailure } from '../dial/connect-error.ts';
import { openSocket } from '../dial/open-socket.ts';
import type { Target } from '../dial/target.ts';
import type { ConnectPhase, WebSocketError } from '../errors.ts';
import type { ResolvedConnectOptions } from '../options/options.ts';
import type { MessageDelivery } from '../protocol/message-reader.ts';
import { Session } from '../protocol/session.ts';
import { now } from '../transport/clock.ts';
import type { Driver } from '../transport/driver.ts';
import { sessionLimits } from '../transport/session-limits.ts';

/** An attempt to connect. It is dropped once the connection is open. */
class Attempt implements OpeningWaiter {
  phase: ConnectPhase = 'dns';
  readonly #driver: Driver;
  readonly #target: Target;
  readonly #signal: AbortSignal | undefined;
  readonly #forgetSignal: (() => void) | undefined;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    driver: Driver,
    target: Target,
    signal: AbortSignal | undefined,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.#driver = driver;
    this.#target = target;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal !== undefined) this.#forgetSignal = onceAborted(signal, () => driver.terminate());
  }

  opened(): void {
    this.#forgetSignal?.();
    this.#resolve();
  }

  failed(error: WebSocketError | undefined): void {
    this.#forgetSignal?.();
    const signal = this.#signal;
    if (signal?.aborted) {
      this.#reject(signal.reason);
      return;
    }
    const hasAnswered = this.#driver.stats().bytesReceived > 0;
    const attempt = { target: this.#target, phase: this.phase, hasAnswered };
    this.#reject(explainConnectFailure(error, attempt));
  }

  /** Rejects as the attempt was refused: options that `tls.connect` refuses are the caller's mistake. */
  refused(error: unknown): void {
    this.#forgetSignal?.();
    this.#reject(error);
  }
}

/**
 * Connects. The promise is settled when the connection is open or has failed.
 *
 * The core's deadline for the opening handshake runs from the call on, over every phase.
 */
export function connectClient(
  connection: DrivenConnection,
  target: Target,
  options: ResolvedConnectOptions,
  delivery: MessageDelivery,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { driver } = connection;
    const { signal } = options;
    const attempt = new Attempt(driver, target, signal, resolve, reject);
    connection.opening = attempt;
    const limits = sessionLimits(options, options.connectTimeout);
    const { compression } = connection;
    driver.begin((output, sink) =>
      Session.client(
        clientSessionOptions(options, delivery, { output, sink, limits, compression }),
        clientOptions(target, options),
        now(),
      ),
    );
    if (signal?.aborted) {
      driver.terminate();
      return;
    }
    try {
      driver.attach(openSocket(target, options, driver));
    } catch (error) {
      connection.opening = undefined;
      driver.terminate();
      attempt.refused(error);
    }
  });
}
