/**
 * Keepalive pings detect a peer that has gone without closing, on both ends and whatever waits to be sent. Control
 * frames do not wait for messages that are not ready yet.
 */
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { contract, rejection } from '../contract/contract.ts';
import { sockets, start } from '../server/running-server.ts';
import { frame, KEY, parseFrames } from '../support/frames.ts';
import { request } from '../support/handshakes.ts';
import { ECHO, STOP_READING, send, sendText } from '../support/peer/index.ts';
import { until } from '../support/until.ts';

/** A Blob whose bytes never come: messages sent after it wait for ever. */
class EndlessBlob extends Blob {
  override arrayBuffer(): Promise<ArrayBuffer> {
    return new Promise(() => {});
  }
}

const LARGE = new Uint8Array(8 * 2 ** 20);
const PING_OFTEN = { pingInterval: 50, pingTimeout: 50, closeTimeout: 100 };
const KEEPALIVE = { operation: 'keepalive', timeout: 50 };

contract(
  'a server that is gone',
  ({ connectTo, face, it }) => {
    if (face.name === 'sync') {
      // A blocking connection has no timers, so it sends no pings between two calls.
      it.everywhere('is detected by a ping with a time limit', async () => {
        const { client } = await connectTo([STOP_READING], PING_OFTEN);
        const { ping } = client.raw as { ping(data: string, options: object): number };
        const attempt = (): number => ping.call(client.raw, 'x', { timeout: 50 });
        expect(attempt).toThrow(face.errors.TimeoutError);
      });
      return;
    }

    for (const [what, data] of [
      ['nothing', undefined],
      ['a message', LARGE],
    ] as const) {
      it.everywhere(`is detected by pings although ${what} waits to be sent`, async () => {
        const { client } = await connectTo([STOP_READING], PING_OFTEN);
        if (data !== undefined) {
          client.send(data).catch(() => {});
          expect(client.properties.bufferedAmount).toBeGreaterThan(0);
        }
        const error = await rejection(client.recv());
        expect(face.name === 'async' ? error.cause : error).toMatchObject(KEEPALIVE);
        await client.closed();
        expect(client.properties.closeCode).toBe(1006);
      });
    }

    it.everywhere(
      'is told from one that is there while a message of ours is not ready',
      async () => {
        const steps = [sendText('first'), send({ opcode: 9, payload: 'sign of life?' }), ECHO];
        const { client, script } = await connectTo(steps, { ...PING_OFTEN, pingTimeout: 2000 });
        const sent = [client.send(new EndlessBlob(['x'])), client.send('behind it')];
        const rejected = Promise.allSettled(sent);
        expect(await client.recv()).toBe('first');
        expect(await client.ping('p')).toBeGreaterThan(0);
        await client.pong('unasked');
        // Keepalive pings come too.
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect(client.properties.state).toBe('open');
        client.terminate();
        await rejected;
        const { frames } = await script.seen();
        const payloads = frames.map(({ opcode, payload }) => `${opcode} ${payload}`);
        const hex = (text: string): string => Buffer.from(text).toString('hex');
        expect(payloads).toEqual(
          expect.arrayContaining([
            `10 ${hex('sign of life?')}`,
            `9 ${hex('p')}`,
            `10 ${hex('unasked')}`,
          ]),
        );
        expect(frames.filter(({ opcode }) => opcode === 9).length).toBeGreaterThan(1);
        expect(frames.filter(({ opcode }) => opcode < 8)).toEqual([]);
      },
    );
  },
  ['plain', 'over TLS'],
);

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));
const ca = certificate('authority');
const TLS = { cert: certificate('localhost'), key: certificate('server-key') };

describe.each([
  ['plain', undefined],
  ['over TLS', TLS],
])('a client that is gone, %s,', (_, tls) => {
  /** Connects a client that sends nothing by itself. */
  function connectTo(port: number): Socket {
    const address = { port, host: '127.0.0.1' };
    const socket = tls === undefined ? connectTcp(address) : connectTls({ ...address, ca });
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(request());
    return socket;
  }

  it.each([
    ['nothing', undefined],
    ['a message', LARGE],
  ])('is detected by pings although %s waits to be sent', async (__, data) => {
    const errors: object[] = [];
    const server = await start({
      tls,
      ...PING_OFTEN,
      handlers: {
        open: (ws) => data && void ws.send(data),
        error: (_ws, error) => void errors.push(error),
      },
    });
    connectTo(server.port).pause();
    await until(() => errors.length > 0 && server.connections.size === 0);
    expect(errors).toEqual([expect.objectContaining(KEEPALIVE)]);
  });

  it('is told from one that is there while a message to it is not ready', async () => {
    const server = await start({
      tls,
      ...PING_OFTEN,
      pingTimeout: 2000,
      handlers: {
        open(ws) {
          ws.send(new EndlessBlob(['x']));
          ws.send('behind it');
          ws.pong('unasked');
        },
      },
    });
    const socket = connectTo(server.port);
    let received = Buffer.alloc(0);
    socket.on('data', (piece) => {
      received = Buffer.concat([received, piece]);
    });
    await until(() => server.connections.size === 1);
    socket.write(frame({ opcode: 9, payload: 'sign of life?', key: KEY }));
    const seen = () =>
      parseFrames(received.subarray(received.indexOf('\r\n\r\n') + 4)).map(
        ({ opcode, payload }) => `${opcode} ${opcode === 10 ? Buffer.from(payload) : ''}`,
      );
    await until(() => seen().length >= 3);
    expect(seen().slice(0, 3)).toEqual(['10 unasked', '10 sign of life?', '9 ']);
    expect(server.connections.size).toBe(1);
    for (const ws of server.connections) ws.terminate();
  });

  it('is not taken for one that reads slowly, as long as it reads', async () => {
    const size = 20 * 2 ** 20;
    let hasLeft = false;
    let received = 0;
    let receivedAtEnd = 0;
    const server = await start({
      tls,
      pingInterval: 100,
      pingTimeout: 700,
      closeTimeout: 100,
      maxBufferedAmount: size,
      handlers: {
        open: (ws) => void ws.send(new Uint8Array(size)),
        drain: () => {
          hasLeft = true;
        },
        error: () => {
          receivedAtEnd = received;
        },
      },
    });
    // The client answers no ping, so in the end it is taken for gone.
    const socket = connectTo(server.port);
    let pause = 0;
    socket.on('data', (piece) => {
      received += piece.length;
      if (received < pause + 512 * 1024) return;
      pause = received;
      socket.pause();
      setTimeout(() => socket.resume(), 40);
    });
    while (receivedAtEnd === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(hasLeft).toBe(true);
    expect(receivedAtEnd).toBeGreaterThan(size / 2);
  }, 30_000);
});
