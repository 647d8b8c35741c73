/**
 * A TCP proxy that cuts each connection at a chosen byte.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Role } from '../../src/protocol/session-options.ts';

/** Where and how a connection is cut. */
export interface Cut {
  /** The end whose bytes are counted. */
  from: Role;
  /** How many of its bytes arrive. */
  at: number;
  how: 'FIN' | 'RST';
}

/** A proxy in front of a port of this machine. */
export class CuttingProxy {
  port = 0;
  /** How many bytes of each end passed over the last connection without a cut. */
  readonly passed: Record<Role, number> = { client: 0, server: 0 };
  readonly #server: Server;
  readonly #cuts: (Cut | undefined)[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(target: number) {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
      const server = connect({
        port: target,
        host: '127.0.0.1',
        noDelay: true,
        allowHalfOpen: true,
      });
      this.#join(client, server, this.#cuts.shift());
    });
  }

  static async start(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    ({ port: proxy.port } = proxy.#server.address() as { port: number });
    return proxy;
  }

  /** Sets how the next connections are cut, one after the other; `undefined` leaves one uncut. */
  plan(...cuts: readonly (Cut | undefined)[]): void {
    this.#cuts.push(...cuts);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, server: Socket, cut: Cut | undefined): void {
    const passed: Record<Role, number> = { client: 0, server: 0 };
    let isCut = false;
    const sever = (): void => {
      isCut = true;
      for (const socket of [client, server]) {
        if (cut?.how === 'RST') socket.resetAndDestroy();
        else socket.end();
      }
    };
    const forward = (from: Role, source: Socket, sink: Socket): void => {
      this.#sockets.add(source);
      source.on('error', () => {});
      source.on('close', () => {
        this.#sockets.delete(source);
        sink.destroy();
      });
      source.on('end', () => sink.end());
      source.on('data', (bytes) => {
        if (isCut) return;
        const left = cut?.from === from ? cut.at - passed[from] : Number.POSITIVE_INFINITY;
        const piece = bytes.subarray(0, Math.min(left, bytes.length));
        passed[from] += piece.length;
        if (cut === undefined) this.passed[from] = passed[from];
        const isLast = left <= bytes.length;
        if (piece.length > 0) sink.write(piece, isLast ? sever : undefined);
        else if (isLast) sever();
      });
    };
    forward('client', client, server);
    forward('server', server, client);
    if (cut?.at === 0) server.once('connect', sever);
  }
}
