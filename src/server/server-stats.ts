/**
 * What a server has done since its start, as numbers.
 */
import type { Acceptor } from './acceptor.ts';
import type { ServerStats } from './server.ts';

/** Counts what has ended and what is open. */
export function serverStats<T>(acceptor: Acceptor<T>): ServerStats {
  const { counts, connections, notOpen } = acceptor;
  let { bytesReceived, bytesSent, messagesReceived, messagesSent, messagesRefused } = counts;
  let bufferedAmount = 0;
  for (const connection of [...connections, ...notOpen]) {
    if (connection.admission.openedAt === 0) continue;
    const stats = connection.stats();
    bytesReceived += stats.bytesReceived;
    bytesSent += stats.bytesSent;
    messagesReceived += stats.messagesReceived;
    messagesSent += stats.messagesSent;
    messagesRefused += stats.messagesRefused;
    bufferedAmount += connection.bufferedAmount;
  }
  return {
    connections: connections.size,
    pending: notOpen.size,
    accepted: counts.accepted,
    refused: Object.fromEntries(counts.refused),
    failed: counts.failed,
    closed: Object.fromEntries(counts.closed),
    messagesReceived,
    messagesSent,
    messagesRefused,
    bytesReceived,
    bytesSent,
    bufferedAmount,
    limited: { ...counts.limited },
  };
}
