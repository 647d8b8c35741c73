/**
 * What the peer still has to say when an async connection is being closed from this side.
 */
import { describe, expect, it } from 'vitest';
import { frame } from '../support/frames.ts';
import { END, flood, sendBytes, sendClose, sendText, waitFor } from '../support/peer/index.ts';
import { open } from './async-connection.ts';

const MIB = 1024 * 1024;
const LATE = { ignoresClose: true };
const expected = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);
const texts = (count: number) => expected(count).map(sendText);

for (const listener of ['plain', 'tls'] as const) {
  describe(`after our own close, ${listener}`, () => {
    const after = [waitFor('close'), ...texts(500), sendClose(1000), END];

    it('an iteration gets all that the peer sends before its own close frame', async () => {
      const { ws } = await open([sendText('first'), ...after], {}, LATE, listener);
      const received: unknown[] = [];
      let closed: Promise<void> | undefined;
      for await (const message of ws) {
        closed ??= ws.close();
        received.push(message);
      }
      expect(received).toEqual(['first', ...expected(500)]);
      await closed;
      expect(ws.closeCode).toBe(1000);
    });

    it('all that the peer sent can be received later', async () => {
      const { ws } = await open(after, {}, LATE, listener);
      await ws.close();
      for (const text of expected(500)) expect(await ws.recv()).toBe(text);
      await expect(ws.recv()).rejects.toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
      expect(await ws[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
    });

    it('what came while the queue was full is there as well', async () => {
      const { ws } = await open(
        [...texts(300), sendClose(1000), END],
        { receiveQueue: { high: 4, low: 1 } },
        LATE,
        listener,
      );
      await expect.poll(() => ws.stats().messagesReceived).toBeGreaterThan(4);
      await ws.close();
      const received: unknown[] = [];
      for await (const message of ws) received.push(message);
      expect(received).toEqual(expected(300));
    });
  });
}

describe('after our own close, more than is kept', () => {
  const size = 100_000;
  const message = frame({ opcode: 2, payload: new Uint8Array(size) });
  const DROPPED = { code: 'WS_MESSAGES_DROPPED' };

  it('is dropped, and recv and the iteration say so after what was kept', async () => {
    const steps = [waitFor('close'), sendBytes(message, 1000), sendClose(1000), END];
    const { ws } = await open(steps, {}, LATE);
    await ws.close();
    expect(ws.closeCode).toBe(1000);
    let received = 0;
    const error = await (async () => {
      for await (const bytes of ws) received += bytes.length / size;
    })().catch((reason: Error) => reason);
    expect(error).toMatchObject(DROPPED);
    expect(received).toBeGreaterThan((64 * MIB) / size - 10);
    expect(received).toBeLessThan((64 * MIB) / size + 10);
    const dropped = 1000 - received;
    expect((error as Error).message).toContain(`${dropped} messages of ${dropped * size} bytes`);
    await expect(ws.recv()).rejects.toMatchObject(DROPPED);
    await expect(ws[Symbol.asyncIterator]().next()).rejects.toMatchObject(DROPPED);
  });

  it('is dropped from the first that has no room on: there is an early end but no gap', async () => {
    const numbered = (i: number) => frame({ opcode: 1, payload: `${i}` });
    const steps = [
      waitFor('close'),
      sendBytes(message, 700),
      ...[0, 1, 2].map((i) => sendBytes(numbered(i))),
      sendClose(1000),
      END,
    ];
    const { ws } = await open(steps, {}, LATE);
    await ws.close();
    for (let i = 0; i < 600; i++) expect(await ws.recv()).toHaveLength(size);
    const rest: unknown[] = [];
    const iteration = (async () => {
      for await (const late of ws) rest.push(late);
    })();
    await expect(iteration).rejects.toMatchObject(DROPPED);
    expect(rest.filter((late) => typeof late === 'string')).toEqual([]);
  });

  it('does not keep close waiting beyond closeTimeout, with bounded memory', async () => {
    const { ws } = await open([flood(message)], { closeTimeout: 300 }, LATE);
    const start = performance.now();
    await ws.close();
    expect(performance.now() - start).toBeLessThan(5000);
    let received = 0;
    const iteration = (async () => {
      for await (const bytes of ws) received += bytes.length;
    })();
    await expect(iteration).rejects.toMatchObject(
      ws.stats().bytesReceived > 65 * MIB ? DROPPED : { code: 'WS_CONNECTION_CLOSED' },
    );
    expect(received).toBeLessThan(65 * MIB);
  });
});
