/**
 * The iterators of an async connection, called by hand as programs and Node's streams do.
 */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ECHO, END, RESET, sendClose, sendText, waitFor } from '../support/peer/index.ts';
import { elapse, open } from './async-connection.ts';

const OVER = { done: true, value: undefined };
const COLLISION = { code: 'WS_CONCURRENCY' };
const texts = (count: number) => Array.from({ length: count }, (_, i) => sendText(`${i}`));

describe('an iterator', () => {
  it('leaves no next behind when it returns: the next message is for who asks for it', async () => {
    const { ws } = await open([ECHO]);
    const iterator = ws[Symbol.asyncIterator]();
    const pending = iterator.next();
    expect(await iterator.return?.()).toEqual(OVER);
    expect(await pending).toEqual(OVER);
    await ws.send('for recv');
    expect(await ws.recv()).toBe('for recv');
    await ws.send('for another');
    expect(await ws[Symbol.asyncIterator]().next()).toEqual({ done: false, value: 'for another' });
    expect(await iterator.next()).toEqual(OVER);
  });

  it('is over when it is thrown an error, and gives it back', async () => {
    const { ws } = await open([ECHO]);
    const iterator = ws[Symbol.asyncIterator]();
    const pending = iterator.next();
    const error = new Error('enough');
    await expect(iterator.throw?.(error)).rejects.toBe(error);
    expect(await pending).toEqual(OVER);
    expect(await iterator.next()).toEqual(OVER);
    await ws.send('after');
    expect(await ws.recv()).toBe('after');
  });

  it('answers calls of next in order', async () => {
    const { ws } = await open([ECHO]);
    const iterator = ws[Symbol.asyncIterator]();
    const calls = [1, 2, 3, 4].map(() => iterator.next());
    for (const text of ['a', 'b', 'c']) await ws.send(text);
    const values = await Promise.all(calls.slice(0, 3));
    expect(values.map(({ value }) => value)).toEqual(['a', 'b', 'c']);
    await iterator.return?.();
    expect(await calls[3]).toEqual(OVER);
    await ws.send('d');
    expect(await ws.recv()).toBe('d');
  });

  it('takes what waits before it waits itself', async () => {
    const { ws } = await open([...texts(2), waitFor('message'), sendText('2'), sendText('3')]);
    await expect.poll(() => ws.stats().messagesReceived).toBe(2);
    const iterator = ws[Symbol.asyncIterator]();
    const calls = [1, 2, 3, 4].map(() => iterator.next());
    await ws.send('go on');
    const values = await Promise.all(calls);
    expect(values.map(({ value }) => value)).toEqual(['0', '1', '2', '3']);
  });

  it('is iterable itself', async () => {
    const { ws } = await open([...texts(3), sendClose(1000)]);
    const iterator = ws[Symbol.asyncIterator]();
    expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
    expect((await iterator.next()).value).toBe('0');
    const rest: unknown[] = [];
    for await (const message of iterator) rest.push(message);
    expect(rest).toEqual(['1', '2']);
  });

  it('tells all calls that wait of the end', async () => {
    const { ws } = await open([waitFor('message'), sendText('last'), sendClose(1000)]);
    const iterator = ws[Symbol.asyncIterator]();
    const calls = [1, 2, 3].map(() => iterator.next());
    await ws.send('go on');
    expect(await Promise.all(calls)).toEqual([{ done: false, value: 'last' }, OVER, OVER]);
  });

  it('tells all calls that wait of an end that is no normal one', async () => {
    const { ws } = await open([waitFor('message'), RESET]);
    const iterator = ws[Symbol.asyncIterator]();
    const calls = Promise.allSettled([1, 2].map(() => iterator.next()));
    await ws.send('go on');
    for (const outcome of await calls) {
      expect(outcome).toMatchObject({ reason: { code: 'WS_CONNECTION_CLOSED' } });
    }
  });

  it('waits for receiveTimeout, and can go on after it', async () => {
    const { ws } = await open([ECHO], { receiveTimeout: 30 });
    const iterator = ws[Symbol.asyncIterator]();
    const calls = await Promise.allSettled([iterator.next(), iterator.next()]);
    for (const outcome of calls) {
      expect(outcome).toMatchObject({ reason: { operation: 'recv', timeout: 30 } });
    }
    await ws.send('after');
    expect((await iterator.next()).value).toBe('after');
  });

  it('excludes another, and a recv, while it waits', async () => {
    const { ws } = await open([ECHO]);
    const iterator = ws[Symbol.asyncIterator]();
    const other = ws[Symbol.asyncIterator]();
    const pending = iterator.next();
    await expect(other.next()).rejects.toMatchObject(COLLISION);
    await expect(ws.recv()).rejects.toMatchObject(COLLISION);
    await other.return?.();
    await ws.send('for the first');
    expect((await pending).value).toBe('for the first');
    const received = ws.recv();
    await expect(iterator.next()).rejects.toMatchObject(COLLISION);
    await ws.send('for recv');
    expect(await received).toBe('for recv');
  });

  it('that has returned leaves alone what another waits for', async () => {
    const { ws } = await open([ECHO]);
    const [iterator, other] = [ws[Symbol.asyncIterator](), ws[Symbol.asyncIterator]()];
    const pending = other.next();
    await iterator.return?.();
    await ws.send('for the other');
    expect((await pending).value).toBe('for the other');
  });
});

describe('Readable.from', () => {
  it('gives every message and ends with the connection', async () => {
    const { ws } = await open([...texts(40), sendClose(1000), END]);
    const received: unknown[] = [];
    for await (const message of Readable.from(ws)) received.push(message);
    expect(received).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`));
  });

  it('fails where the connection does', async () => {
    const { ws } = await open([sendText('one'), RESET]);
    const stream = Readable.from(ws);
    await expect(stream.toArray()).rejects.toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
  });

  for (const error of [undefined, new Error('enough')]) {
    it(`can be destroyed while it waits, ${error === undefined ? 'without' : 'with'} an error, and loses nothing`, async () => {
      const { ws } = await open([ECHO]);
      const stream = Readable.from(ws);
      const told: unknown[] = [];
      stream.on('error', (reason) => told.push(reason));
      stream.on('data', (message) => told.push(message));
      await ws.send('first');
      await expect.poll(() => told).toEqual(['first']);
      const closed = new Promise((resolve) => stream.once('close', resolve));
      stream.destroy(error);
      await closed;
      expect(told).toEqual(error === undefined ? ['first'] : ['first', error]);
      await ws.send('second');
      expect(await ws.recv()).toBe('second');
      expect(ws.state).toBe('open');
    });
  }

  it('takes no more messages than it hands on or has room for', async () => {
    const { ws } = await open([...texts(10), ECHO]);
    await expect.poll(() => ws.stats().messagesReceived).toBe(10);
    const stream = Readable.from(ws);
    const taken: unknown[] = [];
    for await (const message of stream) {
      taken.push(message);
      if (taken.length === 3) break;
    }
    await elapse(1);
    const next = Number(await ws.recv());
    expect(taken).toEqual(['0', '1', '2']);
    // The stream may hold one more, which it has asked for.
    expect(next).toBeLessThanOrEqual(4);
    for (let i = next + 1; i < 10; i++) expect(await ws.recv()).toBe(`${i}`);
  });
});
