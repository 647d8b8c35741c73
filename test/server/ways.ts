/**
 * The ways in which connections reach a server: a port of its own, or the port of an HTTP server, by `attach` or by
 * `upgrade`; plain or over TLS; as the client sends its bytes, or each byte in a segment of its own.
 */
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { type Connection, type ConnectOptions, connect } from 'wirespeed';
import {
  type AcceptedConnection,
  type AttachConnectionOptions,
  type AttachOptions,
  attach,
  type EventConnection,
  serve,
  upgrade,
} from 'wirespeed/server';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));
const TLS = { cert: certificate('localhost'), key: certificate('server-key') };

export type WayName = 'serve' | 'attach' | 'upgrade';

/** A way of serving. */
export interface Way {
  readonly name: string;
  readonly by: WayName;
  readonly isSecure: boolean;
  readonly isByteByByte: boolean;
}

/** Options that every way takes. */
export type WayOptions = Partial<AttachOptions<unknown>>;
/** The same with a function instead of handlers. */
export type FunctionOptions = AttachConnectionOptions<unknown>;

/** A server that was started in some way. */
export interface Running {
  readonly port: number;
  readonly url: string;
  /** The open connections. */
  readonly connections: ReadonlySet<EventConnection | AcceptedConnection>;
  connect(options?: ConnectOptions, path?: string): Promise<Connection>;
  /** A socket to the server, plain: for ways without TLS. */
  socket(): Socket;
  /** Closes the connections, and stops listening. */
  close(code?: number, reason?: string): Promise<void>;
}

export const WAYS: readonly Way[] = (['serve', 'attach', 'upgrade'] as const).flatMap((by) =>
  [false, true].flatMap((isSecure) =>
    [false, true].map((isByteByByte) => ({
      name: `${by}${isSecure ? ' over TLS' : ''}${isByteByByte ? ', byte by byte' : ''}`,
      by,
      isSecure,
      isByteByByte,
    })),
  ),
);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Starts a server. */
export async function startBy(way: Way, options: WayOptions | FunctionOptions): Promise<Running> {
  const { server, port } = await listen(way, options);
  const outside = way.isByteByByte ? await trickle(port) : port;
  const url = `${way.isSecure ? 'wss' : 'ws'}://localhost:${outside}/`;
  cleanups.push(() => server.close());
  return {
    port: outside,
    url,
    connections: server.connections,
    async connect(connectOptions, path = '') {
      const tls = way.isSecure ? { tls: { ca: certificate('authority') } } : {};
      const ws = await connect(url + path, { ...tls, ...connectOptions });
      cleanups.push(() => ws.terminate());
      return ws;
    },
    socket() {
      const socket = connectTcp(outside, '127.0.0.1');
      cleanups.push(() => socket.destroy());
      return socket.on('error', () => {});
    },
    close: (code, reason) => server.close(code, reason),
  };
}

/** What a way needs to end it. */
type Listening = Pick<Running, 'connections' | 'close'>;

async function listen(
  way: Way,
  options: WayOptions | FunctionOptions,
): Promise<{ server: Listening; port: number }> {
  const closing = { closeTimeout: 500, ...options } as AttachOptions<unknown>;
  if (way.by === 'serve') {
    const tls = way.isSecure ? TLS : undefined;
    const server = await serve({ host: '127.0.0.1', tls, ...closing } as never);
    return { server, port: server.port };
  }
  const http = way.isSecure ? createHttps(TLS) : createHttp();
  const port = await listenOn(http);
  if (way.by === 'attach') return { server: attach(http, closing), port };
  return { server: upgradeAll(http, closing), port };
}

/** Upgrades every request by hand. */
function upgradeAll(http: HttpServer, options: AttachOptions<unknown>): Listening {
  const connections = new Set<EventConnection>();
  http.on('upgrade', (request, socket, head) => {
    void upgrade(request, socket, head, options).then((ws) => {
      if (ws === undefined) return;
      connections.add(ws);
      socket.once('close', () => connections.delete(ws));
    });
  });
  return {
    connections,
    async close(code, reason) {
      for (const ws of connections) void ws.close(code ?? 1001, reason);
    },
  };
}

async function listenOn(http: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return (http.address() as AddressInfo).port;
}

/** Listens in front of a port, and passes every byte on by itself. Returns the port in front. */
async function trickle(port: number): Promise<number> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (front) => {
    const back = connectTcp({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    for (const [from, to] of [
      [front, back],
      [back, front],
    ] as const) {
      from.on('data', (bytes: Buffer) => {
        for (let i = 0; i < bytes.length; i++) to.write(bytes.subarray(i, i + 1));
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}
