import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ECHO,
  READ_AGAIN,
  type SeenFrame,
  STOP_READING,
  sleep,
  waitFor,
} from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { elapse, open } from './async-connection.ts';

describe('sending', () => {
  /** Joins the payloads of a fragmented message and checks the order of its opcodes. */
  function joined(frames: readonly SeenFrame[], opcode: number): string {
    const data = frames.filter((frame) => frame.opcode < 8);
    expect(data.map((frame) => frame.opcode)).toEqual([
      opcode,
      ...new Array(data.length - 1).fill(0),
    ]);
    expect(data.map(({ isFinal }) => isFinal)).toEqual([
      ...new Array(data.length - 1).fill(false),
      true,
    ]);
    return data.map(({ payload }) => Buffer.from(payload ?? '', 'hex').toString()).join('');
  }

  it('sends an iterable as the fragments of one message', async () => {
    const { ws, script } = await open([ECHO]);
    await ws.send(['Hel', 'l', 'o']);
    expect(await ws.recv()).toBe('Hello');
    await ws.close();
    const { frames } = await script.seen();
    expect(frames.length).toBeGreaterThan(3);
    expect(joined(frames, 1)).toBe('Hello');
  });

  it('sends an async iterable as fragments while it produces them', async () => {
    const { ws, script } = await open([ECHO]);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (const byte of [1, 2, 3]) {
        await elapse(5);
        yield Uint8Array.of(byte);
      }
    }
    await ws.send(pieces());
    expect(await ws.recv()).toEqual(Uint8Array.of(1, 2, 3));
    await ws.close();
    joined((await script.seen()).frames, 2);
  });

  it('sends nothing for an iterable without a piece', async () => {
    const { ws } = await open([ECHO]);
    await ws.send([]);
    await ws.send('after');
    expect(await ws.recv()).toBe('after');
  });

  it('a send whose iterable never goes on is rejected when the connection ends', async () => {
    const { ws } = await open([ECHO]);
    async function* stuck(): AsyncGenerator<string> {
      yield 'a';
      await new Promise(() => {});
    }
    const pending = ws.send(stuck());
    const failure = expect(pending).rejects.toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
    const behind = expect(ws.send('behind')).rejects.toMatchObject({
      code: 'WS_CONNECTION_CLOSED',
    });
    await elapse(10);
    ws.terminate();
    await failure;
    await behind;
  }, 5000);

  it('close is bounded by closeTimeout although an iterable never goes on', async () => {
    const { ws } = await open([ECHO], { closeTimeout: 150 });
    async function* stuck(): AsyncGenerator<string> {
      yield 'a';
      await new Promise(() => {});
    }
    ws.send(stuck()).catch(() => {});
    const start = performance.now();
    await ws.close(1000);
    expect(performance.now() - start).toBeLessThan(1200);
    expect(ws.state).toBe('closed');
  }, 5000);

  it('keeps other messages out of one that is sent in fragments', async () => {
    const { ws } = await open([ECHO]);
    async function* pieces(): AsyncGenerator<string> {
      yield 'a';
      await elapse(30);
      yield 'b';
    }
    const sent = [ws.send('first'), ws.send(pieces()), ws.send('last'), ws.send(['x', 'y'])];
    await Promise.all(sent);
    const received: unknown[] = [];
    for (let i = 0; i < 4; i++) received.push(await ws.recv());
    expect(received).toEqual(['first', 'ab', 'last', 'xy']);
  });

  it('pings between the fragments of a message of its own', async () => {
    const { ws } = await open([ECHO]);
    async function* pieces(): AsyncGenerator<string> {
      yield 'a';
      expect(await ws.ping()).toBeGreaterThanOrEqual(0);
      yield 'b';
    }
    await ws.send(pieces());
    expect(await ws.recv()).toBe('ab');
  });

  it('fails the connection where an iterable throws in the middle of a message', async () => {
    const { ws, script } = await open([ECHO]);
    const broken = new Error('no more');
    async function* pieces(): AsyncGenerator<string> {
      yield 'a';
      throw broken;
    }
    await expect(ws.send(pieces())).rejects.toBe(broken);
    await expect(ws.recv()).rejects.toMatchObject({ name: expect.stringMatching(/Error$/) });
    await script.seen();
    expect(ws.state).toBe('closed');
  });

  it('rejects fragments that mix text and binary, or are no data', async () => {
    for (const pieces of [
      ['a', Uint8Array.of(1)],
      [Uint8Array.of(1), 'a'],
      [1, 2],
      ['a', null],
    ]) {
      const { ws } = await open([ECHO]);
      await expect(ws.send(pieces as string[])).rejects.toBeInstanceOf(TypeError);
    }
  });

  it('keeps the order where a Blob has to be awaited', async () => {
    const { ws } = await open([ECHO]);
    await Promise.all([
      ws.send('one'),
      ws.send(new Blob(['two'])),
      ws.send('three'),
      ws.send(new Blob([new Uint8Array(200_000)])),
      ws.send('five'),
    ]);
    expect(await ws.recv()).toBe('one');
    expect(await ws.recv()).toEqual(Uint8Array.from(Buffer.from('two')));
    expect(await ws.recv()).toBe('three');
    expect(await ws.recv()).toHaveLength(200_000);
    expect(await ws.recv()).toBe('five');
  });

  it('closes after a Blob that was sent just before', async () => {
    const { ws, script } = await open([ECHO]);
    const sent = ws.send(new Blob(['last words']));
    await ws.close(1000);
    await sent;
    const { frames } = await script.seen();
    expect(frames.map(({ opcode }) => opcode)).toEqual([2, 8]);
  });

  it('lets many sends of one turn leave in one batch', async () => {
    const { ws, script } = await open([ECHO]);
    const before = (await script.seenSoFar())?.reads ?? 0;
    await Promise.all(Array.from({ length: 100 }, (_, i) => ws.send(`message ${i}`)));
    for (let i = 0; i < 100; i++) expect(await ws.recv()).toBe(`message ${i}`);
    expect(((await script.seenSoFar())?.reads ?? 0) - before).toBeLessThan(10);
  });

  it('send waits while the peer does not read, and bufferedAmount says how much waits', async () => {
    const { ws } = await open([STOP_READING, waitFor('over'), READ_AGAIN]);
    const chunk = new Uint8Array(256 * 1024);
    let hasRoom = true;
    for (let i = 0; i < 200 && hasRoom; i++) {
      hasRoom = await Promise.race([
        ws.send(chunk).then(
          () => true,
          () => false,
        ),
        elapse(100).then(() => false),
      ]);
    }
    expect(hasRoom).toBe(false);
    expect(ws.bufferedAmount).toBeGreaterThan(64 * 1024);
  });

  it('a send that waits goes on when the peer reads again, every byte in its place', async () => {
    const { ws, script } = await open([STOP_READING, sleep(100), READ_AGAIN]);
    const hash = createHash('sha256');
    let bytes = 0;
    for (let i = 0; i < 400; i++) {
      const chunk = patternBytes((i * 7919) % 100_000);
      hash.update(chunk);
      bytes += chunk.length;
      const sent = ws.send(chunk);
      // The caller may change it at once, whether the send waits or not.
      chunk.fill(0);
      if (i % 3 === 0) await sent;
    }
    await ws.close(1000);
    const seen = await script.seen();
    expect(seen.bytes).toBe(bytes);
    expect(seen.digest).toBe(hash.digest('hex'));
    expect(ws.bufferedAmount).toBe(0);
  });

  it('a send that waits behind others goes on although the last of them leaves at once', async () => {
    const { ws } = await open([ECHO], { sendHighWaterMark: 1000 });
    await Promise.all([ws.send(new Blob(['0123456789'])), ws.send(new Blob(['x'.repeat(1500)]))]);
    expect(await ws.recv()).toHaveLength(10);
    expect(await ws.recv()).toHaveLength(1500);
  }, 5000);

  it('fragments are not kept waiting by what waits behind them', async () => {
    const { ws } = await open([ECHO], { sendHighWaterMark: 1000 });
    async function* pieces(): AsyncGenerator<string> {
      yield 'a';
      await elapse(5);
      yield 'b';
    }
    await Promise.all([ws.send(pieces()), ws.send(new Blob(['x'.repeat(1500)]))]);
    expect(await ws.recv()).toBe('ab');
    expect(await ws.recv()).toHaveLength(1500);
  }, 5000);

  it('a send that waits is rejected when the connection ends', async () => {
    const { ws } = await open([STOP_READING]);
    const sends = Array.from({ length: 32 }, () => ws.send(new Uint8Array(1024 * 1024)));
    const outcome = Promise.allSettled(sends);
    await elapse(30);
    ws.terminate();
    const rejected = (await outcome).filter(({ status }) => status === 'rejected');
    expect(rejected.length).toBeGreaterThan(0);
    for (const result of rejected) {
      expect((result as PromiseRejectedResult).reason).toMatchObject({
        code: 'WS_CONNECTION_CLOSED',
      });
    }
  });

  it('close is bounded by closeTimeout although the peer takes nothing', async () => {
    const { ws } = await open([STOP_READING], { closeTimeout: 150 });
    for (let i = 0; i < 32; i++) ws.send(new Uint8Array(1024 * 1024)).catch(() => {});
    const start = performance.now();
    await ws.close(1000);
    expect(performance.now() - start).toBeLessThan(1200);
    expect([ws.state, ws.closeCode]).toEqual(['closed', 1006]);
  });

  it('waiting for room is aborted by a signal', async () => {
    const { ws } = await open([STOP_READING]);
    const reason = new Error('enough');
    const controller = new AbortController();
    const sends = Array.from({ length: 32 }, () =>
      ws.send(new Uint8Array(1024 * 1024), { signal: controller.signal }),
    );
    const outcome = Promise.allSettled(sends);
    await elapse(30);
    controller.abort(reason);
    const last = (await outcome).at(-1);
    expect(last).toEqual({ status: 'rejected', reason });
  });

  it('many pings at once are each answered', async () => {
    const { ws } = await open([ECHO]);
    const times = await Promise.all(Array.from({ length: 20 }, () => ws.ping()));
    expect(times.every((time) => time >= 0)).toBe(true);
    const same = await Promise.all([ws.ping('same'), ws.ping('same')]);
    expect(same).toHaveLength(2);
  });
});
