/**
 * Messages that are given to `send` in pieces: what arrives, when a piece is checked and copied, and how
 * the source of the pieces ends.
 */
import { describe, expect, it } from 'vitest';
import type { SendData, SendOptions } from 'wirespeed';
import { ECHO, type SeenFrame } from '../support/peer/index.ts';
import { open } from './async-connection.ts';

/** The same pieces in every kind of iterable. */
const KINDS: Readonly<Record<string, (pieces: readonly unknown[]) => unknown>> = {
  'an array': (pieces) => [...pieces],
  'a Set': (pieces) => new Set(pieces),
  'a generator': (pieces) => pieces.values(),
  async *'an async generator'(pieces) {
    yield* pieces;
  },
};

const dataFrames = (frames: readonly SeenFrame[]): SeenFrame[] =>
  frames.filter(({ opcode }) => opcode < 8);

describe('text in pieces', () => {
  const TEXTS: readonly (readonly [string, readonly string[], string])[] = [
    ['a cut character', ['price \ud83d', '\ude00 up'], 'price 😀 up'],
    ['a cut character around an empty piece', ['\ud83d', '', '\ude00'], '😀'],
    ['halves of two characters in one piece', ['a\ud83d', '\ude00\ud83c', '\udf89b'], 'a😀🎉b'],
    ['a first half at the end', ['end\ud83d'], 'end\ufffd'],
    ['a first half and nothing after it', ['\ud83d', ''], '\ufffd'],
    ['a first half before another character', ['\ud83d', 'x'], '\ufffdx'],
    ['two first halves', ['\ud83d', '\ud83d\ude00'], '\ufffd😀'],
    ['a second half alone', ['x', '\ude00'], 'x\ufffd'],
    ['nothing but an empty piece', [''], ''],
  ];

  for (const [kind, make] of Object.entries(KINDS)) {
    it.each(TEXTS)(`arrives whole with %s, from ${kind}`, async (_, pieces, text) => {
      const { ws, script } = await open([ECHO]);
      await ws.send(make(pieces) as SendData);
      expect(await ws.recv()).toBe(text);
      await ws.close();
      const frames = dataFrames((await script.seen()).frames);
      expect(frames.map(({ opcode }) => opcode)).toEqual([1, ...frames.slice(1).map(() => 0)]);
      expect(frames.map(({ isFinal }) => isFinal)).toEqual([
        ...frames.slice(1).map(() => false),
        true,
      ]);
    });

    it(`is made of bytes with the option text, from ${kind}`, async () => {
      const { ws } = await open([ECHO]);
      const [a, b, c, d] = Buffer.from('😀') as unknown as number[];
      const pieces = [[120, a], [b], [c, d], []].map((bytes) => Uint8Array.from(bytes as number[]));
      await ws.send(make(pieces) as SendData, { text: true });
      expect(await ws.recv()).toBe('x😀');
    });

    it(`may mix strings and bytes with the option text, from ${kind}`, async () => {
      const { ws } = await open([ECHO]);
      const pieces = ['one \ud83d', Buffer.from(' two '), 'three\ud83d', '\ude00'];
      await ws.send(make(pieces) as SendData, { text: true });
      expect(await ws.recv()).toBe('one \ufffd two three😀');
    });
  }
});

describe('pieces that are wrong', () => {
  const WRONG: readonly (readonly [string, unknown[], SendOptions | undefined])[] = [
    ['no data at the end', ['a', 'b', 42], undefined],
    ['null', [null], undefined],
    ['an iterable of their own', ['a', ['b']], undefined],
    ['text and binary', ['a', Uint8Array.of(1)], undefined],
    ['binary and text', [Uint8Array.of(1), 'a'], undefined],
    ['text and a Blob', ['a', new Blob(['b'])], undefined],
    ['bytes that are not UTF-8, as text', ['a', Uint8Array.of(0xff)], { text: true }],
    ['bytes that end within a character, as text', [Uint8Array.of(0xf0, 0x9f)], { text: true }],
    [
      'a character cut by a string, as text',
      [Uint8Array.of(0xf0, 0x9f), 'a', Uint8Array.of(0x98, 0x80)],
      { text: true },
    ],
    ['a Blob that is not UTF-8, as text', ['a', new Blob([Uint8Array.of(0xff)])], { text: true }],
  ];

  for (const kind of ['an array', 'a Set'] as const) {
    it.each(WRONG)(
      `reject a send, and nothing leaves: ${kind} with %s`,
      async (_, pieces, options) => {
        const { ws, script } = await open([ECHO]);
        const sent = ws.send(KINDS[kind]?.(pieces) as SendData, options);
        await expect(sent).rejects.toBeInstanceOf(TypeError);
        await ws.send('after');
        expect(await ws.recv()).toBe('after');
        await ws.close();
        expect(dataFrames((await script.seen()).frames)).toHaveLength(1);
      },
    );
  }

  for (const kind of ['a generator', 'an async generator'] as const) {
    it(`reject a send that has not begun: ${kind}`, async () => {
      const { ws, script } = await open([ECHO]);
      for (const wrong of [42, null, {}]) {
        const sent = ws.send(KINDS[kind]?.([wrong, 'a']) as SendData);
        await expect(sent).rejects.toBeInstanceOf(TypeError);
      }
      await ws.send('after');
      expect(await ws.recv()).toBe('after');
      await ws.close();
      expect(dataFrames((await script.seen()).frames)).toHaveLength(1);
    });

    it.each(WRONG.filter(([, pieces]) => pieces.length > 1))(
      `fail the connection once one has left: ${kind} with %s`,
      async (_, pieces, options) => {
        const { ws, script } = await open([ECHO]);
        const sent = ws.send(KINDS[kind]?.(pieces) as SendData, options);
        await expect(sent).rejects.toBeInstanceOf(TypeError);
        await expect(ws.recv()).rejects.toMatchObject({
          code: 'WS_CONNECTION_CLOSED',
          cause: { code: 'WS_SEND', cause: expect.any(TypeError) },
        });
        const frames = dataFrames((await script.seen()).frames);
        expect(frames.every(({ isFinal }) => !isFinal)).toBe(true);
      },
    );
  }
});

describe('pieces that are changed afterwards', () => {
  it('arrive as they were at the call, in an array', async () => {
    const { ws } = await open([ECHO]);
    const pieces = [Uint8Array.of(1), Uint8Array.of(2)];
    const sent = ws.send(pieces);
    for (const piece of pieces) piece.fill(9);
    pieces.push(Uint8Array.of(9));
    await sent;
    expect(await ws.recv()).toEqual(Uint8Array.of(1, 2));
  });

  it('arrive as they were at the call, in an array that has to wait', async () => {
    const { ws } = await open([ECHO]);
    const pieces = [Uint8Array.of(1), Uint8Array.of(2)];
    const withBlob = [Uint8Array.of(3), new Blob([Uint8Array.of(4)])];
    const sent = [ws.send(new Blob(['first'])), ws.send(pieces), ws.send(withBlob)];
    expect(ws.bufferedAmount).toBe(5 + 2 + 2);
    for (const piece of pieces) piece.fill(9);
    (withBlob[0] as Uint8Array).fill(9);
    pieces.push(Uint8Array.of(9));
    await Promise.all(sent);
    expect(await ws.recv()).toEqual(new Uint8Array(Buffer.from('first')));
    expect(await ws.recv()).toEqual(Uint8Array.of(1, 2));
    expect(await ws.recv()).toEqual(Uint8Array.of(3, 4));
    expect(ws.bufferedAmount).toBe(0);
  });

  it('arrive as they were when they were taken, from a generator that fills one buffer again', async () => {
    const { ws } = await open([ECHO]);
    function* pieces(): Generator<Uint8Array> {
      const buffer = new Uint8Array(1);
      for (const byte of [1, 2, 3]) {
        buffer[0] = byte;
        yield buffer;
      }
    }
    await ws.send(pieces());
    expect(await ws.recv()).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('the source of pieces', () => {
  /** A source that gives one piece and then waits for ever, and records its calls. */
  function stuck(first?: unknown): { source: AsyncIterable<string>; told: string[] } {
    const told: string[] = [];
    const pieces = first === undefined ? [] : [first];
    const iterator = {
      next() {
        told.push('next');
        return pieces.length > 0
          ? Promise.resolve({ done: false, value: pieces.pop() as string })
          : new Promise<never>(() => {});
      },
      return() {
        told.push('return');
        return new Promise<never>(() => {});
      },
    };
    return { source: { [Symbol.asyncIterator]: () => iterator }, told };
  }

  it('is told when the connection ends, be it asked for a piece or waiting for its turn', async () => {
    const { ws } = await open([ECHO]);
    const [first, second] = [stuck('a'), stuck('b')];
    const sends = Promise.allSettled([ws.send(first.source), ws.send(second.source)]);
    await expect.poll(() => first.told).toEqual(['next', 'next']);
    ws.terminate();
    for (const outcome of await sends) {
      expect(outcome).toMatchObject({ reason: { code: 'WS_CONNECTION_CLOSED' } });
    }
    expect(first.told).toEqual(['next', 'next', 'return']);
    expect(second.told).toEqual(['return']);
  });

  it('is told when one of its pieces is wrong', async () => {
    const { ws } = await open([ECHO]);
    const { source, told } = stuck(42);
    await expect(ws.send(source)).rejects.toBeInstanceOf(TypeError);
    expect(told).toEqual(['next', 'return']);
  });

  it('is not told when it has ended or thrown by itself', async () => {
    const { ws } = await open([ECHO]);
    const told: string[] = [];
    const source = (step: () => Promise<IteratorResult<string>>): AsyncIterable<string> => ({
      [Symbol.asyncIterator]: () => ({
        next: step,
        async return() {
          told.push('return');
          return { done: true, value: undefined };
        },
      }),
    });
    await ws.send(source(async () => ({ done: true, value: undefined })));
    const failing = ws.send(source(() => Promise.reject(new Error('no more'))));
    await expect(failing).rejects.toThrow('no more');
    expect(told).toEqual([]);
    expect(ws.state).toBe('open');
  });

  it('is never asked for a piece when the connection ends before its turn', async () => {
    const { ws } = await open([ECHO]);
    const asked: string[] = [];
    function* source(): Generator<string> {
      asked.push('asked');
      yield 'a';
    }
    const sends = Promise.allSettled([ws.send(new Blob(['x'])), ws.send(source())]);
    ws.terminate();
    await sends;
    expect(asked).toEqual([]);
  });
});
