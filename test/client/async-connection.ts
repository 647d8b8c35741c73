/**
 * Connections of the async client to the peer. Connections that a test leaves open are terminated.
 */
import { readFileSync } from 'node:fs';
import { afterEach } from 'vitest';
import { type Connection, type ConnectOptions, connect } from 'wirespeed';
import {
  type Listener,
  peer,
  type Script,
  type Scripted,
  type Step,
} from '../support/peer/index.ts';

const ca = readFileSync(new URL('../support/certificates/authority.pem', import.meta.url));
const connections: Connection[] = [];
afterEach(() => {
  for (const ws of connections.splice(0)) ws.terminate();
});

/** Connects to the peer, which plays a script. */
export async function open(
  steps: readonly Step[],
  options?: ConnectOptions,
  rest?: Omit<Script, 'steps'>,
  listener: Listener = 'plain',
): Promise<{ ws: Connection; script: Scripted }> {
  const script = peer.script(listener, { steps, ...rest });
  const ws = await connect(script.url, { ...options, tls: { ca } });
  connections.push(ws);
  return { ws, script };
}

export function elapse(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
