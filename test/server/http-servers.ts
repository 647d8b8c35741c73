import { createServer, get, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { afterEach } from 'vitest';
import { type Connection, connect } from 'wirespeed';
import { type AttachOptions, attach, type Server } from 'wirespeed/server';
import { request as requestBytes } from '../support/handshakes.ts';

export const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Starts an HTTP server that answers requests with their path. */
export async function http(): Promise<{ server: HttpServer; port: number }> {
  const server = createServer((request, response) => response.end(`page ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** Attaches a server whose connections answer with its name. */
export function named(
  name: string,
  server: HttpServer,
  options: Partial<AttachOptions<unknown>> = {},
): Server {
  const attached = attach(server, {
    closeTimeout: 500,
    handlers: { open: (ws) => void ws.send(name) },
    ...options,
  } as AttachOptions<unknown>);
  cleanups.push(() => attached.close());
  return attached;
}

export async function greeting(port: number, path: string): Promise<unknown> {
  const ws = await open(port, path);
  return ws.recv();
}

export async function open(port: number, path = '/'): Promise<Connection> {
  const ws = await connect(`ws://127.0.0.1:${port}${path}`);
  cleanups.push(() => ws.terminate());
  return ws;
}

export function page(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, path, host: '127.0.0.1', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    }).on('error', reject);
  });
}

/** Sends a request of one's own; resolves with all that came until the socket was closed. */
export function raw(port: number, bytes: Uint8Array | string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    let answer = '';
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
  });
}

export async function later(): Promise<undefined> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** A request as an HTTP server hands it over, as far as `upgrade` needs it. */
export function receivedRequest(): IncomingMessage {
  const lines = Buffer.from(requestBytes()).toString('latin1').split('\r\n').slice(1, -2);
  const rawHeaders = lines.flatMap((line) => line.split(': '));
  return { method: 'GET', url: '/', httpVersion: '1.1', rawHeaders } as IncomingMessage;
}
