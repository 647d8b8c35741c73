/**
 * Sends that their signal aborts. A message that has not begun to leave is taken back; one that has begun
 * fails the connection.
 */
import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Connection, SendData } from 'wirespeed';
import { ECHO, READ_AGAIN, STOP_READING, UNTIL_TOLD, waitFor } from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { until } from '../support/until.ts';
import { open } from './async-connection.ts';

const REASON = new Error('changed my mind');

/** A source that gives one piece or none, and then never goes on. */
function stuck(first?: string): { source: AsyncIterable<string>; isClosed: () => boolean } {
  let isClosed = false;
  let given = first === undefined;
  const iterator: AsyncIterator<string> = {
    next() {
      if (given) return new Promise(() => {});
      given = true;
      return Promise.resolve({ done: false, value: first as string });
    },
    async return() {
      isClosed = true;
      return { done: true, value: undefined };
    },
  };
  return { source: { [Symbol.asyncIterator]: () => iterator }, isClosed: () => isClosed };
}

/** A Blob whose bytes never come. */
function unreadable(size: number): Blob {
  const blob = new Blob(['x'.repeat(size)]);
  blob.arrayBuffer = () => new Promise(() => {});
  return blob;
}

async function expectUsable(ws: Connection): Promise<void> {
  await ws.send('after');
  expect(await ws.recv()).toBe('after');
  expect(ws.bufferedAmount).toBe(0);
}

const TAKEN_BACK: Readonly<Record<string, () => SendData>> = {
  'a Blob that is being read': () => unreadable(1000),
  'an iterable whose first piece has not come': () => stuck().source,
  'an array with a Blob that is being read': () => [new Blob(['a']), unreadable(1000)],
};

describe('a send that has not begun to leave', () => {
  it.each(Object.entries(TAKEN_BACK))(
    'is taken back, and the next goes on at once: %s',
    async (_, make) => {
      const { ws, script } = await open([ECHO]);
      const controller = new AbortController();
      const sent = ws.send(make(), { signal: controller.signal });
      const next = ws.send('next');
      controller.abort(REASON);
      expect(ws.bufferedAmount).toBeLessThanOrEqual(4);
      await expect(sent).rejects.toBe(REASON);
      await next;
      expect(await ws.recv()).toBe('next');
      await expectUsable(ws);
      await ws.close();
      expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 1, 8]);
    },
  );

  it.each([
    ['a string', 'behind'],
    ['bytes', new Uint8Array(100_000)],
    ['a Blob', new Blob(['behind'])],
    ['an array', ['be', 'hind']],
    ['an iterable', ['be', 'hind'].values()],
  ])('is taken back from behind another: %s', async (_, data) => {
    const { ws } = await open([ECHO]);
    const [first, behind] = [new AbortController(), new AbortController()];
    const before = ws.send(unreadable(10), { signal: first.signal });
    const sent = ws.send(data as SendData, { signal: behind.signal });
    const last = ws.send('last');
    behind.abort(REASON);
    await expect(sent).rejects.toBe(REASON);
    expect(ws.bufferedAmount).toBe(10 + 4);
    first.abort(REASON);
    await expect(before).rejects.toBe(REASON);
    await last;
    expect(await ws.recv()).toBe('last');
    await expectUsable(ws);
  });

  it('tells the source of its pieces', async () => {
    const { ws } = await open([ECHO]);
    const controller = new AbortController();
    const { source, isClosed } = stuck();
    const sent = ws.send(source, { signal: controller.signal });
    controller.abort(REASON);
    await expect(sent).rejects.toBe(REASON);
    expect(isClosed()).toBe(true);
  });

  for (const parameters of ['', '; client_no_context_takeover']) {
    it(`is taken back while it is compressed, and later ones can be read${parameters}`, async () => {
      const { ws, script } = await open(
        [],
        { perMessageDeflate: true },
        {
          opening: {
            headers: { 'Sec-WebSocket-Extensions': `permessage-deflate${parameters}` },
          },
        },
      );
      const controller = new AbortController();
      const [long, other] = [patternBytes(200_000), patternBytes(3000)];
      await ws.send(other);
      const before = ws.bufferedAmount;
      const sent = ws.send(long, { signal: controller.signal });
      // It repeats bytes of the message taken back. Its compression must not refer to that message.
      const next = ws.send(long.subarray(0, 3000));
      controller.abort(REASON);
      expect(ws.bufferedAmount).toBe(before + 3000);
      await expect(sent).rejects.toBe(REASON);
      await next;
      await ws.send(other);
      await ws.close();
      const frames = (await script.seen()).frames.filter(({ opcode }) => opcode < 8);
      expect(frames).toHaveLength(3);
      const payloads = frames.map(({ payload }) => Buffer.from(payload as string, 'hex'));
      const tail = Buffer.from([0, 0, 0xff, 0xff]);
      const inflated = inflateRawSync(Buffer.concat(payloads.flatMap((one) => [one, tail])), {
        finishFlush: 2,
      });
      const expected = Buffer.concat([other, long.subarray(0, 3000), other]);
      expect(Buffer.compare(inflated, expected)).toBe(0);
    });
  }

  it('is not sent at all with a signal that has aborted', async () => {
    const { ws } = await open([ECHO]);
    const signal = AbortSignal.abort(REASON);
    for (const data of ['a', new Blob(['b']), ['c'], stuck().source]) {
      await expect(ws.send(data, { signal })).rejects.toBe(REASON);
    }
    await expectUsable(ws);
  });

  it('lets a close that waits for it go on', async () => {
    const { ws } = await open([ECHO]);
    const controller = new AbortController();
    const sent = ws.send(stuck().source, { signal: controller.signal });
    const closed = ws.close();
    controller.abort(REASON);
    await expect(sent).rejects.toBe(REASON);
    await closed;
    expect(ws.closeCode).toBe(1000);
  });
});

describe('a send that has begun to leave', () => {
  it('fails the connection where it is an iterable', async () => {
    const { ws, script } = await open([waitFor('over')]);
    const controller = new AbortController();
    const { source, isClosed } = stuck('a');
    const sent = ws.send(source, { signal: controller.signal });
    const behind = ws.send('behind');
    await expect.poll(async () => (await script.seenSoFar())?.frames.length).toBe(1);
    controller.abort(REASON);
    await expect(sent).rejects.toBe(REASON);
    await expect(behind).rejects.toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
    await expect(ws.recv()).rejects.toMatchObject({ cause: { code: 'WS_SEND', cause: REASON } });
    expect(isClosed()).toBe(true);
    const { frames } = await script.seen();
    expect(frames.map(({ opcode, isFinal }) => [opcode, isFinal])).toEqual([
      [1, false],
      [8, true],
    ]);
  });

  it('fails the connection where it is an iterable that waits for room', async () => {
    const { ws } = await open([STOP_READING]);
    const controller = new AbortController();
    const chunk = new Uint8Array(1024 * 1024);
    let taken = 0;
    function* pieces(): Generator<Uint8Array> {
      for (;;) {
        taken++;
        yield chunk;
      }
    }
    const sent = ws.send(pieces(), { signal: controller.signal });
    await expect.poll(() => ws.bufferedAmount).toBeGreaterThan(64 * 1024);
    const before = taken;
    controller.abort(REASON);
    await expect(sent).rejects.toBe(REASON);
    expect(ws.state).toBe('closing');
    expect(taken).toBe(before);
  });

  it.each([
    ['one message', (bytes: Uint8Array): SendData => bytes],
    ['an array', (bytes: Uint8Array): SendData => [bytes.subarray(0, 99), bytes.subarray(99)]],
    ['a Blob', (bytes: Uint8Array): SendData => new Blob([bytes])],
  ])('leaves whole where only room is waited for: %s', async (_, make) => {
    const { ws, script } = await open([STOP_READING, UNTIL_TOLD, READ_AGAIN]);
    const controller = new AbortController();
    const bytes = patternBytes(16 * 1024 * 1024);
    const sent = ws.send(make(bytes), { signal: controller.signal });
    await until(() => ws.stats().messagesSent === 1);
    controller.abort(REASON);
    await expect(sent).rejects.toBe(REASON);
    script.goOn();
    await ws.close();
    const hash = createHash('sha256').update(bytes).digest('hex');
    expect((await script.seen()).digest).toBe(hash);
  });
});
