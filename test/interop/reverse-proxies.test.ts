/**
 * The server behind nginx, which terminates TLS, and behind haproxy, which passes bytes on with the PROXY protocol.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type Connection, connect } from 'wirespeed';
import { type ServeOptions, type Server, serve } from 'wirespeed/server';
import { findReverseProxy } from './peers.mjs';

const certificatePath = (name: string): string =>
  fileURLToPath(new URL(`../support/certificates/${name}.pem`, import.meta.url));
const certificate = (name: string): Buffer => readFileSync(certificatePath(name));
const CERT = certificatePath('localhost');
const KEY = certificatePath('server-key');

const nginx = findReverseProxy('nginx');
const haproxy = findReverseProxy('haproxy');

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Starts a server that answers with what it knows of the client's address. */
async function backend(options: Partial<ServeOptions<unknown>>): Promise<Server> {
  const server = await serve({
    host: '127.0.0.1',
    request: ({ remoteAddress, clientAddress }) => ({ data: `${remoteAddress} ${clientAddress}` }),
    handlers: { message: (ws, data) => void ws.send(data === 'who?' ? String(ws.data) : data) },
    ...options,
  });
  cleanups.push(() => server.close());
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a proxy with a configuration, and waits until it listens. */
async function run(
  program: string,
  args: (folder: string) => string[],
  config: (folder: string) => string,
  port: number,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  writeFileSync(join(folder, 'config'), config(folder));
  const child: ChildProcess = spawn(program, args(folder), { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr?.on('data', (text) => {
    complaint += text;
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  cleanups.push(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true });
  });
  for (let i = 0; i < 200; i++) {
    if (child.exitCode !== null) throw new Error(complaint);
    if (await listens(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`the proxy does not listen: ${complaint}`);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function through(url: string, headers: Record<string, string> = {}): Promise<Connection> {
  const ws = await connect(url, { tls: { ca: certificate('authority') }, headers });
  cleanups.push(() => ws.terminate());
  return ws;
}

async function exchange(ws: Connection): Promise<void> {
  for (const length of [0, 125, 126, 65_535, 65_536, 500_000]) {
    await ws.send('x'.repeat(length));
    expect(((await ws.recv()) as string).length).toBe(length);
  }
  await ws.close(4000, 'over');
  expect(ws.closeCode).toBe(4000);
}

describe.skipIf(nginx.path === undefined)('behind nginx', () => {
  it('messages pass, and the address is that of the client, whatever it claims', async () => {
    // nginx has an address of its own, so that it can be told from the client.
    const server = await backend({ trustProxy: ['127.0.0.9'] });
    const port = await freePort();
    const config = (folder: string): string => `
      daemon off; pid ${folder}/pid; error_log stderr warn; worker_processes 1;
      events {}
      http {
        access_log off;
        client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
        fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
        map $http_upgrade $connection_upgrade { default upgrade; '' close; }
        server {
          listen 127.0.0.1:${port} ssl;
          ssl_certificate ${CERT}; ssl_certificate_key ${KEY};
          location / {
            proxy_pass http://127.0.0.1:${server.port};
            proxy_http_version 1.1;
            proxy_bind 127.0.0.9;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
          }
        }
      }`;
    const args = (folder: string) => ['-c', join(folder, 'config'), '-e', 'stderr'];
    await run(nginx.path as string, args, config, port);
    for (const headers of [{}, { 'X-Forwarded-For': '6.6.6.6' }, { Forwarded: 'for=6.6.6.6' }]) {
      const ws = await through(`wss://localhost:${port}/`, headers as Record<string, string>);
      await ws.send('who?');
      expect(await ws.recv()).toBe('127.0.0.9 127.0.0.1');
      await exchange(ws);
    }
  });
});

describe.skipIf(haproxy.path === undefined)('behind haproxy', () => {
  it.each(['send-proxy', 'send-proxy-v2'])(
    'messages pass over TLS, and the address is that of the client: %s',
    async (header) => {
      const server = await backend({
        proxyProtocol: true,
        tls: { cert: certificate('localhost'), key: certificate('server-key') },
      });
      const port = await freePort();
      const config = (): string => `
global
  log stderr local0 warning
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend chat
  bind 127.0.0.1:${port}
  default_backend chat
backend chat
  # The source is another one than the client's, to tell the two apart.
  source 127.0.0.9
  server one 127.0.0.1:${server.port} ${header}
`;
      await run(
        haproxy.path as string,
        (folder) => ['-f', join(folder, 'config'), '-q'],
        config,
        port,
      );
      const ws = await through(`wss://localhost:${port}/`);
      await ws.send('who?');
      expect(await ws.recv()).toBe('127.0.0.1 127.0.0.1');
      expect([...server.connections][0]?.remoteAddress?.address).toBe('127.0.0.1');
      await exchange(ws);
    },
  );
});
