/**
 * Connections of the sync client to the peer; what is left open after a test is terminated.
 */
import { afterEach } from 'vitest';
import { type ConnectOptions, connect, type SyncConnection } from 'wirespeed/sync';

const connections: SyncConnection[] = [];
afterEach(() => {
  for (const ws of connections.splice(0)) ws.terminate();
});

/** Connects, without a look at the peer's certificate. */
export function connectTo({ url }: { url: string }, options?: ConnectOptions): SyncConnection {
  const ws = connect(url, { tls: { rejectUnauthorized: false }, ...options });
  connections.push(ws);
  return ws;
}
