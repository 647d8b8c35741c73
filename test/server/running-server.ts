/**
 * Servers and clients for one test. All of them are ended after the test.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { type Connection, type ConnectOptions, connect } from 'wirespeed';
import { type ServeOptions, type Server, serve } from 'wirespeed/server';

type Options = Partial<ServeOptions<unknown>>;

export const servers: Server[] = [];
export const clients: Connection[] = [];
export const sockets: Socket[] = [];
afterEach(async () => {
  for (const ws of clients.splice(0)) ws.terminate();
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Starts a server. Without other handlers it echoes. */
export async function start(options: Options = {}): Promise<Server> {
  const server = await serve({
    host: '127.0.0.1',
    closeTimeout: 500,
    handlers: { message: (ws, data, isText) => void ws.send(data, { text: isText }) },
    ...options,
  });
  servers.push(server);
  return server;
}

export async function open(server: Server, options?: ConnectOptions): Promise<Connection> {
  const ws = await connect(server.url, options);
  clients.push(ws);
  return ws;
}

/** Sends bytes to a server over TCP; returns its whole answer when the connection has ended. */
export function exchange(
  server: Server,
  ...bytes: readonly (Uint8Array | string)[]
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(server.port, '127.0.0.1');
    sockets.push(socket);
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      answer += text;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    for (const piece of bytes) socket.write(piece);
  });
}
