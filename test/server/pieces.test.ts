/**
 * Messages in pieces, sent by a server's connection and by the events client. Both have the same `send`.
 */
import { describe, expect, it } from 'vitest';
import { type Connection, connect } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import type { EventConnection, Handlers, SendData, SendOptions } from 'wirespeed/server';
import { ECHO, peer, STOP_READING } from '../support/peer/index.ts';
import { until } from '../support/until.ts';
import { open, start } from './running-server.ts';

const CHUNK = new Uint8Array(100_000);

/** Calls `act` with a server's connection; returns the client at its other end. */
async function served(
  act: (ws: EventConnection) => void,
  rest: Handlers = {},
  options: Parameters<typeof start>[0] = {},
): Promise<Connection> {
  const handlers: Handlers = { open: act, ...rest };
  return open(await start({ handlers, perMessageDeflate: true, ...options }), {
    perMessageDeflate: options.perMessageDeflate ?? false,
  });
}

const KINDS: Readonly<Record<string, (pieces: readonly SendData[]) => unknown>> = {
  'an array': (pieces) => [...pieces],
  'a Set': (pieces) => new Set(pieces),
  'a generator': (pieces) => pieces.values(),
  async *'an async generator'(pieces) {
    yield* pieces;
  },
};

describe("a server's connection", () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const perMessageDeflate of [false, true]) {
      it(`sends ${kind} as one message, in its place${perMessageDeflate ? ', compressed' : ''}`, async () => {
        const ws = await served(
          (peer) => {
            peer.send('before');
            peer.send(make(['cut \ud83d', '', '\ude00', '!']) as SendData);
            const bytes = [Uint8Array.of(1), new Blob([Uint8Array.of(2)]), new ArrayBuffer(1)];
            peer.send(make(bytes) as SendData);
            peer.send(make([Uint8Array.of(0xc3), Uint8Array.of(0xa4)]) as SendData, { text: true });
            peer.send(make([]) as SendData);
            peer.send('after');
          },
          {},
          { perMessageDeflate },
        );
        expect(await ws.recv()).toBe('before');
        expect(await ws.recv()).toBe('cut 😀!');
        expect(await ws.recv()).toEqual(Uint8Array.of(1, 2, 0));
        expect(await ws.recv()).toBe('ä');
        expect(await ws.recv()).toBe('after');
      });
    }
  }

  it('returns false for an array above the high-water mark, and calls drain once', async () => {
    const told: unknown[] = [];
    const ws = await served(
      (peer) => {
        told.push(peer.send(['a', 'b']), peer.send(new Array(100).fill(CHUNK)));
      },
      { drain: (peer) => void told.push('drain', peer.bufferedAmount <= 32 * 1024) },
    );
    expect(await ws.recv()).toBe('ab');
    expect(await ws.recv()).toHaveLength(100 * CHUNK.length);
    await until(() => told.length > 2);
    expect(told).toEqual([true, false, 'drain', true]);
  });

  it('takes pieces as there is room, and does not call drain', async () => {
    let taken = 0;
    const told: unknown[] = [];
    function* pieces(): Generator<Uint8Array> {
      for (; taken < 200; taken++) yield CHUNK;
    }
    let connection: EventConnection | undefined;
    const ws = await served(
      (peer) => {
        connection = peer;
        told.push(peer.send(pieces()));
      },
      { drain: () => void told.push('drain') },
      { maxBufferedAmount: 1024 * 1024 },
    );
    expect(await ws.recv()).toHaveLength(200 * CHUNK.length);
    expect(told).toEqual([true]);
    expect(connection?.state).toBe('open');
  });

  it('asks for no more pieces while the peer does not read', async () => {
    let taken = 0;
    const ws = await connectEvents(peer.script('plain', { steps: [STOP_READING] }).url, {});
    let isClosed = false;
    function* pieces(): Generator<Uint8Array> {
      try {
        for (;;) {
          taken++;
          yield CHUNK;
        }
      } finally {
        isClosed = true;
      }
    }
    expect(ws.send(pieces())).toBe(true);
    await until(() => ws.bufferedAmount > 64 * 1024);
    const before = taken;
    // This message waits behind the pieces, and counts as buffered.
    expect(ws.send(CHUNK)).toBe(false);
    expect(taken).toBe(before);
    expect(ws.bufferedAmount).toBeLessThan(10 * CHUNK.length);
    ws.terminate();
    await until(() => isClosed);
    expect(taken).toBe(before);
  });

  it.each([
    ['a piece that is no data', ['a', 42], undefined],
    ['text and binary', ['a', CHUNK], undefined],
    ['text and a Blob', ['a', new Blob(['b'])], undefined],
    ['bytes that are not UTF-8, as text', [Uint8Array.of(0xff)], { text: true }],
    ['a signal', ['a'], { signal: new AbortController().signal }],
    ['a signal with a whole message', 'a', { signal: new AbortController().signal }],
    ['nothing to iterate over', {}, undefined],
  ])('throws a TypeError for %s, and sends nothing', async (_, data, options) => {
    let thrown: unknown;
    const ws = await served((peer) => {
      try {
        peer.send(data as SendData, options as SendOptions);
      } catch (error) {
        thrown = error;
      }
      peer.send('after');
    });
    expect(await ws.recv()).toBe('after');
    expect(thrown).toBeInstanceOf(TypeError);
    expect(ws.state).toBe('open');
  });

  const broken = new Error('no more');
  const FAULTS: Readonly<Record<string, readonly [() => SendData, unknown]>> = {
    'whose source throws at once': [
      () =>
        // biome-ignore lint/correctness/useYield: it throws before it would yield.
        (function* (): Generator<string> {
          throw broken;
        })(),
      broken,
    ],
    'whose source throws later': [
      () =>
        (async function* () {
          yield 'a';
          throw broken;
        })(),
      broken,
    ],
    'with a piece that is no data': [
      () => ['a', 42].values() as unknown as SendData,
      expect.any(TypeError),
    ],
    'with a Blob that is not UTF-8': [
      () => [new Blob([Uint8Array.of(0xff)])],
      expect.any(TypeError),
    ],
  };
  it.each(Object.entries(FAULTS))(
    'calls the handler error for a message %s, and is failed with 1011',
    async (what, [make, cause]) => {
      const errors: unknown[] = [];
      const ws = await served(
        (peer) => {
          peer.send(make(), { text: what.includes('UTF-8') });
          peer.send('behind');
        },
        { error: (_, error) => void errors.push(error) },
      );
      await expect(ws.recv()).rejects.toMatchObject({ closeCode: 1011 });
      expect(errors).toEqual([expect.objectContaining({ code: 'WS_SEND', cause })]);
    },
  );

  it("calls the source's return when the client goes", async () => {
    let isClosed = false;
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        async return() {
          isClosed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const ws = await served((peer) => void peer.send(source));
    ws.terminate();
    await until(() => isClosed);
  });
});

it('the events client sends what another connection receives, as one message', async () => {
  const from = await connect(peer.script('plain', { steps: [ECHO] }).url);
  const received: string[] = [];
  const to = await connectEvents(peer.script('plain', { steps: [ECHO] }).url, {
    message: (_, data) => void received.push(Buffer.from(data).toString()),
  });
  to.send(from);
  for (const text of ['a', 'b', 'c']) await from.send(text);
  await from.close();
  await until(() => received.length > 0);
  expect(received).toEqual(['abc']);
  to.terminate();
});
