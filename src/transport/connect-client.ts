/**
 * Connects a client over a driver: DNS, TCP, TLS and upgrade under one deadline.
 */
import type { ConnectPhase } from '../errors.ts';
import type { ResolvedConnectOptions } from '../options.ts';
import { Session } from '../protocol/session.ts';
import { onceAborted } from './abort-signals.ts';
import { clientOptions, clientSessionOptions } from './client-session.ts';
import { now } from './clock.ts';
import { explainConnectFailure } from './connect-error.ts';
import type { DrivenConnection } from './driven-connection.ts';
import { openSocket } from './open-socket.ts';
import type { Target } from './target.ts';

/**
 * Connects; settles when the connection is open or has failed.
 *
 * The core's deadline for the opening handshake runs from here, over every phase.
 */
export function connectClient(
  connection: DrivenConnection,
  target: Target,
  options: ResolvedConnectOptions,
  deliversFrames: boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { driver } = connection;
    const { signal } = options;
    let phase: ConnectPhase = 'dns';
    let forgetSignal: (() => void) | undefined;
    connection.opening = {
      opened() {
        forgetSignal?.();
        resolve();
      },
      failed(error) {
        forgetSignal?.();
        reject(signal?.aborted ? signal.reason : explainConnectFailure(error, phase, target));
      },
    };
    driver.begin(clientSessionOptions(options, deliversFrames, connection.compression), (session) =>
      Session.client(session, clientOptions(target, options), now()),
    );
    if (signal?.aborted) {
      driver.terminate();
      return;
    }
    if (signal !== undefined) forgetSignal = onceAborted(signal, () => driver.terminate());
    try {
      driver.attach(
        openSocket(target, options, {
          onPhase(next) {
            phase = next;
          },
          onConnect() {
            phase = 'upgrade';
            driver.handleConnect();
          },
          onRead: (bytes, length) => driver.receive(bytes, length),
        }),
      );
    } catch (error) {
      // Options that `tls.connect` refuses are the caller's mistake.
      connection.opening = undefined;
      forgetSignal?.();
      driver.terminate();
      reject(error);
    }
  });
}
