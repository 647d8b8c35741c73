/**
 * Fragments without end, lengths that are only declared, and pongs that the peer does not read. The memory of a
 * connection is bounded by the bytes and the fragments that have come.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Client, contract, rejection } from '../contract/contract.ts';
import { open, sockets, start } from '../server/running-server.ts';
import { type FrameFields, frame, KEY } from '../support/frames.ts';
import { request } from '../support/handshakes.ts';
import { flood, STOP_READING, sendBytes } from '../support/peer/index.ts';
import { until } from '../support/until.ts';

const MIB = 2 ** 20;
const CONNECTIONS = 50;

/** Returns the bytes in array buffers of this thread. The peer has a thread of its own. */
function buffers(): number {
  return process.memoryUsage().arrayBuffers;
}

/** Fragments of which none is the last one. */
const ENDLESS: Readonly<Record<string, FrameFields>> = {
  empty: { opcode: 0, isFinal: false },
  'of one byte': { opcode: 0, payload: [0x61], isFinal: false },
};

// CVE-2022-35922: memory was taken for a length that was only declared.
const DECLARED: Readonly<Record<string, FrameFields>> = {
  'a message of 64 MiB': { opcode: 2, length: BigInt(64 * MIB) },
  'a fragment of 63 MiB': { opcode: 1, length: BigInt(63 * MIB), isFinal: false },
};

contract(
  'a server that sends no end',
  ({ connectTo, face, it }) => {
    // CVE-2026-48779, CVE-2026-62389, CVE-2026-12151.
    for (const [what, fields] of Object.entries(ENDLESS)) {
      const register = what === 'empty' ? it.everywhere : it;
      register(`is failed with 1009 after 16,384 fragments that are ${what}`, async () => {
        const first = frame({ opcode: 1, isFinal: false });
        const { client } = await connectTo([sendBytes(first), flood(frame(fields), 2000)]);
        const error = await rejection(client.recv());
        expect(error).toBeInstanceOf(face.errors.MessageTooBigError);
        expect(error).toMatchObject({ closeCode: 1009, limit: 16_384 });
      });
    }

    // CVE-2016-10542, CVE-2026-9675: frames were limited, and messages were not.
    it.everywhere('is failed with 1009 for many small fragments above maxMessageSize', async () => {
      const first = frame({ opcode: 1, isFinal: false });
      const more = frame({ opcode: 0, payload: 'x'.repeat(100), isFinal: false });
      const { client } = await connectTo([sendBytes(first), flood(more, 20)], {
        maxMessageSize: 10_000,
      });
      expect(await rejection(client.recv())).toMatchObject({ closeCode: 1009, limit: 10_000 });
    });

    // The sync client keeps nothing: it waits until its pongs have left.
    if (face.name !== 'sync') {
      it('and takes no pongs is answered without more memory', async () => {
        const { client } = await connectTo([
          STOP_READING,
          flood(frame({ opcode: 9, payload: 'x'.repeat(125) }), 500),
        ]);
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect(client.properties.bufferedAmount).toBeLessThan(MIB);
        expect(client.properties.state).toBe('open');
      });
    }

    for (const [what, fields] of Object.entries(DECLARED)) {
      const register = what.startsWith('a message') ? it.everywhere : it;
      register(`takes no memory for ${what} of which one byte has come`, async () => {
        const bytes = Buffer.concat([frame(fields), Uint8Array.of(0x61)]);
        const before = buffers();
        const clients: Client[] = [];
        for (let i = 0; i < 10; i++) {
          clients.push((await connectTo([sendBytes(bytes)])).client);
        }
        if (face.hasRecv) {
          const waits = clients.map((client) => rejection(client.recv({ timeout: 50 })));
          for (const error of await Promise.all(waits)) {
            expect(error).toMatchObject({ operation: 'recv' });
          }
        } else {
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        expect(buffers() - before).toBeLessThan(4 * MIB);
        for (const client of clients) expect(client.properties.state).toBe('open');
      });
    }
  },
  ['plain', 'over TLS'],
);

describe('fifty clients that send no end', () => {
  const attackers: Socket[] = [];
  afterEach(() => {
    for (const socket of attackers.splice(0)) socket.destroy();
  });

  /** Connects and sends the same bytes without end, and reads nothing. */
  function attack(port: number, first: Uint8Array, again: Uint8Array | undefined): void {
    const socket = connectTcp(port, '127.0.0.1');
    attackers.push(socket);
    sockets.push(socket);
    socket.on('error', () => {});
    socket.pause();
    socket.write(Buffer.concat([request(), first]));
    if (again === undefined) return;
    const write = (): void => {
      if (socket.destroyed) return;
      if (socket.write(again)) setImmediate(write);
      else socket.once('drain', write);
    };
    socket.once('connect', write);
  }

  it.each(Object.entries(ENDLESS))(
    'are failed with 1009 after 16,384 fragments that are %s',
    async (_, fields) => {
      const errors: object[] = [];
      const server = await start({
        closeTimeout: 200,
        handlers: { message() {}, error: (_ws, error) => void errors.push(error) },
      });
      const before = buffers();
      const first = frame({ opcode: 2, isFinal: false, key: KEY });
      const again = Buffer.concat(new Array(500).fill(frame({ ...fields, key: KEY })));
      for (let i = 0; i < CONNECTIONS; i++) attack(server.port, first, again);
      await until(() => errors.length === CONNECTIONS);
      expect(errors).toEqual(
        new Array(CONNECTIONS).fill(
          expect.objectContaining({ code: 'WS_MESSAGE_TOO_BIG', limit: 16_384 }),
        ),
      );
      await until(() => server.connections.size === 0);
      expect(buffers() - before).toBeLessThan(16 * MIB);
    },
  );

  it.each([
    ['in one frame', { opcode: 2, length: BigInt(MIB) }],
    ['in a fragment', { opcode: 1, length: BigInt(MIB - 1), isFinal: false }],
  ])('take little memory for what they only declare, %s', async (_, fields) => {
    const server = await start();
    const before = buffers();
    const first = Buffer.concat([frame({ ...fields, key: KEY }), Uint8Array.of(0x61 ^ 0x37)]);
    for (let i = 0; i < CONNECTIONS; i++) attack(server.port, first, undefined);
    await until(() => server.connections.size === CONNECTIONS);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.connections.size).toBe(CONNECTIONS);
    expect(buffers() - before).toBeLessThan(CONNECTIONS * 128 * 1024);
  });

  it.each([
    ['pings of 125 bytes', { opcode: 9, payload: 'x'.repeat(125) }],
    ['empty pings', { opcode: 9 }],
    ['pongs', { opcode: 10, payload: 'x'.repeat(125) }],
  ])('and read nothing are answered without growing: %s', async (_, fields) => {
    const server = await start();
    const bystander = await open(server);
    const again = Buffer.concat(new Array(200).fill(frame({ ...fields, key: KEY })));
    for (let i = 0; i < 10; i++) attack(server.port, new Uint8Array(0), again);
    await until(() => server.connections.size === 11);
    await new Promise((resolve) => setTimeout(resolve, 250));
    for (const ws of server.connections) expect(ws.bufferedAmount).toBeLessThan(MIB);
    await bystander.send('served meanwhile');
    expect(await bystander.recv({ timeout: 5000 })).toBe('served meanwhile');
  });
});
