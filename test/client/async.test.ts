import { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { connect } from 'wirespeed';
import { concat, frame } from '../support/frames.ts';
import {
  closeCodeIn,
  ECHO,
  END,
  peer,
  STOP_READING,
  sendBytes,
  sendClose,
  sendPattern,
  sendText,
  sleep,
} from '../support/peer/index.ts';
import { until } from '../support/until.ts';
import { elapse, open } from './async-connection.ts';

describe('receiving', () => {
  it('for await gives every message and ends with the connection', async () => {
    const { ws } = await open([
      sendText('one'),
      sendText('two'),
      sleep(20),
      sendText('three'),
      sendClose(1000),
    ]);
    const messages: unknown[] = [];
    for await (const message of ws) messages.push(message);
    expect(messages).toEqual(['one', 'two', 'three']);
    expect(ws.closeCode).toBe(1000);
  });

  it('leaving the loop leaves the connection open', async () => {
    const { ws } = await open([sendText('one'), sendText('two'), ECHO]);
    for await (const message of ws) {
      expect(message).toBe('one');
      break;
    }
    expect(ws.state).toBe('open');
    expect(await ws.recv()).toBe('two');
    await ws.send('three');
    for await (const message of ws) {
      expect(message).toBe('three');
      break;
    }
  });

  it('recv is aborted with the reason of its signal, and the connection stays usable', async () => {
    const { ws } = await open([ECHO]);
    const controller = new AbortController();
    const pending = ws.recv({ signal: controller.signal });
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await expect(ws.recv({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await ws.send('after');
    expect(await ws.recv({ signal: new AbortController().signal })).toBe('after');
  });

  it('recv takes AbortSignal.timeout', async () => {
    const { ws } = await open([ECHO]);
    await expect(ws.recv({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  it('rejects a recv that waits when the connection is terminated', async () => {
    const { ws } = await open([ECHO]);
    const pending = ws.recv();
    ws.terminate();
    await expect(pending).rejects.toMatchObject({ code: 'WS_CONNECTION_CLOSED', closeCode: 1006 });
  });

  it('pauses the socket above receiveQueue.high, and loses nothing', async () => {
    const count = 400;
    const size = 100_000;
    const steps = Array.from({ length: count }, () => sendPattern(size));
    const { ws } = await open([...steps, sendClose(1000)], { receiveQueue: { high: 8, low: 2 } });
    await until(() => ws.stats().messagesReceived >= 8);
    await elapse(50);
    // The system buffers some of it on both sides, but not 40 MB.
    expect(ws.stats().messagesReceived).toBeLessThan(count);
    let received = 0;
    for await (const message of ws) {
      expect(message).toHaveLength(size);
      received++;
    }
    expect(received).toBe(count);
  });

  it('does not pause the socket for a caller that takes messages as they come', async () => {
    const count = 1000;
    const steps = Array.from({ length: count }, (_, i) => sendText(`${i}`));
    const { ws } = await open([ECHO], { receiveQueue: { high: 2, low: 1 } });
    const { ws: flooded } = await open([...steps, sendClose(1000)], {
      receiveQueue: { high: 2, low: 1 },
    });
    const pause = vi.spyOn(Socket.prototype, 'pause');
    try {
      let received = 0;
      for await (const _message of flooded) received++;
      expect(received).toBe(count);
      expect(pause).not.toHaveBeenCalled();
      for (let i = 0; i < 10; i++) await ws.send(`${i}`);
      await vi.waitFor(() => expect(pause).toHaveBeenCalled());
    } finally {
      pause.mockRestore();
    }
  });

  for (const listener of ['plain', 'tls'] as const) {
    it(`loses nothing where the peer closes and ends while the queue is full (${listener})`, async () => {
      const many = Array.from({ length: 60 }, (_, i) => sendText(`${i}`));
      const { ws } = await open(
        [...many.slice(0, 20), sleep(20), ...many.slice(20), sendClose(1000), END],
        { receiveQueue: { high: 4, low: 1 } },
        {},
        listener,
      );
      await until(() => ws.stats().messagesReceived >= 4);
      await elapse(50);
      const received: unknown[] = [];
      for await (const message of ws) received.push(message);
      expect(received).toEqual(many.map((_, i) => `${i}`));
      expect(ws.closeCode).toBe(1000);
    });
  }

  it('leaves no gap in what is received after its own close', async () => {
    const bursts = Array.from({ length: 20 }, (_, i) => [
      ...Array.from({ length: 5 }, (__, j) => sendText(`${5 * i + j}`)),
      sleep(5),
    ]).flat();
    const { ws } = await open(
      [...bursts, sendClose(1000), END],
      { receiveQueue: { high: 4, low: 1 } },
      { ignoresClose: true },
    );
    const closed = ws.close(1000);
    const received: number[] = [];
    for await (const message of ws) {
      received.push(Number(message));
      await elapse(7);
    }
    await closed;
    // Messages at the end may be missing, since nobody made room for them, but none between others.
    expect(received).toEqual(received.map((_, i) => i));
  });

  it('closes while the queue is full and nobody receives', async () => {
    const steps = Array.from({ length: 100 }, () => sendText('unread'));
    const { ws } = await open(steps, { receiveQueue: { high: 2, low: 1 } });
    await elapse(20);
    const start = performance.now();
    await ws.close(1000);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(ws.state).toBe('closed');
  });
});

describe('connecting and closing', () => {
  it('a signal aborts an attempt to connect', async () => {
    const script = peer.script('plain', { opening: { isMute: true } });
    const reason = new Error('too slow');
    const controller = new AbortController();
    const attempt = connect(script.url, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 30);
    await expect(attempt).rejects.toBe(reason);
    expect((await script.seen()).isOver).toBe(true);
  });

  it('one signal serves any number of calls at once, without a warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    try {
      const controller = new AbortController();
      const { signal } = controller;
      const opened = await Promise.all(
        Array.from({ length: 20 }, () => open([STOP_READING], { signal })),
      );
      const calls = opened.flatMap(({ ws }) => [
        ws.recv({ signal }),
        ws.send(new Uint8Array(20_000_000), { signal }),
      ]);
      const outcomes = Promise.allSettled(calls);
      const muted = peer.script('plain', { opening: { isMute: true } });
      const attempt = connect(muted.url, { signal });
      await elapse(30);
      const reason = new Error('enough');
      controller.abort(reason);
      await expect(attempt).rejects.toBe(reason);
      for (const outcome of await outcomes) expect(outcome).toEqual({ status: 'rejected', reason });
    } finally {
      process.off('warning', note);
    }
    expect(warnings).toEqual([]);
  });

  it('an aborted signal connects nowhere', async () => {
    const script = peer.script('plain', { steps: [ECHO] });
    const reason = new Error('never mind');
    await expect(connect(script.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await script.seenSoFar()).toBeUndefined();
  });

  it('the signal of connect does nothing to an open connection', async () => {
    const controller = new AbortController();
    const { ws } = await open([ECHO], { signal: controller.signal });
    controller.abort();
    await ws.send('still here');
    expect(await ws.recv()).toBe('still here');
  });

  it('await using closes the connection at the end of its scope', async () => {
    const { ws, script } = await open([ECHO]);
    await ws[Symbol.asyncDispose]();
    expect(ws.state).toBe('closed');
    expect(closeCodeIn(await script.seen())).toBe(1000);
    await ws[Symbol.asyncDispose]();
  });

  it('two closes at once both wait for the end', async () => {
    const { ws } = await open([ECHO]);
    await Promise.all([ws.close(1000), ws.close(1000)]);
    expect(ws.state).toBe('closed');
  });

  it('a recv that waits is told of a close from this side', async () => {
    const { ws } = await open([ECHO]);
    const pending = ws.recv();
    const failure = expect(pending).rejects.toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
    await ws.close(1000);
    await failure;
  });

  it('keepalive fails a connection whose peer is silent', async () => {
    const { ws } = await open([STOP_READING], { pingInterval: 40, pingTimeout: 40 });
    const error = await ws.recv().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'WS_CONNECTION_CLOSED',
      cause: { operation: 'keepalive', timeout: 40 },
    });
  });

  it('keepalive leaves a connection alone whose peer answers pings', async () => {
    const { ws } = await open([ECHO], { pingInterval: 20, pingTimeout: 200 });
    await elapse(150);
    await ws.send('alive');
    expect(await ws.recv()).toBe('alive');
  });

  it('a flood of pings from a peer that does not read is answered without growing', async () => {
    const pings = concat(
      ...Array.from({ length: 100 }, () => frame({ opcode: 9, payload: 'x'.repeat(125) })),
    );
    const { ws } = await open([STOP_READING, sendBytes(pings, 2000), sendText('after')]);
    expect(await ws.recv()).toBe('after');
    // 25 MB of pings came. No more than one write may wait.
    expect(ws.bufferedAmount).toBeLessThan(2 ** 20);
  });

  it('stats count bytes and messages', async () => {
    const { ws } = await open([ECHO]);
    await ws.send('one');
    await ws.recv();
    await ws.send(new Uint8Array(1000));
    await ws.recv();
    const { messagesReceived, messagesSent, bytesReceived, bytesSent } = ws.stats();
    expect([messagesReceived, messagesSent]).toEqual([2, 2]);
    expect(bytesReceived).toBeGreaterThan(1003);
    expect(bytesSent).toBeGreaterThan(1003);
  });
});
