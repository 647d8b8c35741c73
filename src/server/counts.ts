/**
 * What a server counts: handshakes by their outcome, connections by their close code, messages and bytes.
 */
import { CloseCode } from '../protocol/close-code.ts';
import { now } from '../transport/clock.ts';
import type { LimitCounts } from './server.ts';
import type { ServerConnection } from './server-connection.ts';

/** Upper bounds of the histogram of durations, in seconds. */
export const DURATION_BOUNDS: readonly number[] = [1, 10, 60, 300, 900, 3600, 14_400, 86_400];

/** Counts of what has ended. What is open is counted when somebody asks. */
export class Counts {
  accepted = 0;
  /** Handshakes that ended without an answer: the client went away or sent no request in time, or the server closed. */
  failed = 0;
  readonly refused: Map<number, number> = new Map();
  readonly closed: Map<number, number> = new Map();
  readonly limited: LimitCounts = {
    connections: 0,
    perIp: 0,
    handshakesPerSecond: 0,
    messagesPerSecond: 0,
    idleTimeout: 0,
    lifetime: 0,
    slow: 0,
  };
  bytesReceived = 0;
  bytesSent = 0;
  messagesReceived = 0;
  messagesSent = 0;
  messagesRefused = 0;
  /** Connections that lasted up to each bound of {@link DURATION_BOUNDS}, and longer. */
  readonly durations: number[] = new Array(DURATION_BOUNDS.length + 1).fill(0);
  /** The sum of the durations, in seconds. */
  durationSum = 0;

  /** A request was refused with this status. */
  refuse(status: number): void {
    add(this.refused, status);
  }

  /** A connection has ended, open or not. */
  ended<T>(connection: ServerConnection<T>): void {
    const { admission, session } = connection;
    if (admission.openedAt === 0) {
      // What was refused is counted as such.
      if (!admission.isRefused) this.failed++;
      return;
    }
    // A connection that the server has failed counts by the code that says why.
    add(this.closed, (session.received ?? session.sent)?.code ?? CloseCode.abnormalClosure);
    if (session.failure?.code === 'WS_SLOW_PEER') this.limited.slow++;
    const seconds = (now() - admission.openedAt) / 1000;
    const bound = DURATION_BOUNDS.findIndex((limit) => seconds <= limit);
    const bucket = bound < 0 ? DURATION_BOUNDS.length : bound;
    this.durations[bucket] = (this.durations[bucket] ?? 0) + 1;
    this.durationSum += seconds;
    const stats = connection.stats();
    this.bytesReceived += stats.bytesReceived;
    this.bytesSent += stats.bytesSent;
    this.messagesReceived += stats.messagesReceived;
    this.messagesSent += stats.messagesSent;
    this.messagesRefused += stats.messagesRefused;
  }
}

function add(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
