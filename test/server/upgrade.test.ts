import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { upgrade } from 'wirespeed/server';
import { concat, frame, KEY } from '../support/frames.ts';
import { request as requestBytes } from '../support/handshakes.ts';
import { until } from '../support/until.ts';

import { http, later, open, receivedRequest } from './http-servers.ts';

describe('upgrade', () => {
  it('gives the connection once it is open, and undefined where the request is refused', async () => {
    const { server, port } = await http();
    const options = {
      limits: { connections: 1 },
      handlers: {
        message: (ws: { send(data: unknown): unknown }, data: unknown) => void ws.send(data),
      },
    } as never;
    const results: unknown[] = [];
    server.on('upgrade', (request, socket, head) => {
      void upgrade(request, socket, head, options).then((ws) => {
        results.push(ws?.state);
        ws?.send('hello');
      });
    });
    const ws = await open(port);
    expect(await ws.recv()).toBe('hello');
    // The same options are one server: its limits hold for all of its requests.
    await expect(open(port)).rejects.toMatchObject({ status: 503 });
    await until(() => results.length === 2);
    expect(results).toEqual(['open', undefined]);
  });

  it('gives undefined for a client that has gone already', async () => {
    const { server, port } = await http();
    const results: unknown[] = [];
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => {}).resume();
      socket.once('close', () => {
        const upgraded = upgrade(request, socket, head, { handlers: {} });
        void upgraded.then((ws) => results.push(ws));
      });
    });
    const socket: Socket = connectTcp(port, '127.0.0.1').on('error', () => {});
    server.once('upgrade', () => socket.resetAndDestroy());
    socket.write(requestBytes());
    await until(() => results.length === 1);
    expect(results).toEqual([undefined]);
  });

  it.each([
    ['decided on at once', () => undefined],
    ['decided on later', later],
  ])('takes the first bytes wherever they are cut between head and stream; %s', async (_, hook) => {
    const bytes = concat(
      frame({ opcode: 1, payload: 'one', key: KEY }),
      frame({ opcode: 2, payload: 'x'.repeat(130), key: KEY }),
      frame({ opcode: 8, key: KEY }),
    );
    for (let cut = 0; cut <= bytes.length; cut++) {
      const [ours, theirs] = duplexPair();
      const got: unknown[] = [];
      theirs.resume();
      theirs.end(bytes.subarray(cut));
      const closed = new Promise((resolve) => {
        void upgrade(receivedRequest(), ours, bytes.subarray(0, cut), {
          request: hook,
          handlers: {
            message: (_ws, data) => void got.push(data.length),
            close: (_ws, code) => resolve(code),
          },
        });
      });
      expect(await closed).toBe(1005);
      expect(got).toEqual([3, 130]);
    }
  });

  it('changes nothing of the bytes that a stream hands over', async () => {
    const message = frame({ opcode: 1, payload: 'hello', key: KEY });
    const ours: Duplex = new Duplex({ read() {}, write: (_piece, _encoding, done) => done() });
    const got: unknown[] = [];
    const ws = await upgrade(receivedRequest(), ours, Buffer.alloc(0), {
      handlers: { message: (_ws, data) => void got.push(data) },
    });
    const shared = Buffer.from(message);
    ours.push(shared);
    ours.push(shared);
    await until(() => got.length === 2);
    expect(got).toEqual(['hello', 'hello']);
    expect([...shared]).toEqual([...message]);
    ws?.terminate();
  });

  it('rejects with what a stream throws, and counts nothing of it', async () => {
    const stream = new Duplex({
      read() {},
      write() {
        throw new Error('no writing here');
      },
    });
    const options = { limits: { connections: 1 }, handlers: {} };
    await expect(upgrade(receivedRequest(), stream, Buffer.alloc(0), options)).rejects.toThrow(
      'no writing here',
    );
    const [ours] = duplexPair();
    const ws = await upgrade(receivedRequest(), ours, Buffer.alloc(0), options);
    expect(ws?.state).toBe('open');
    ws?.terminate();
  });

  it('ends the connection where a stream throws in a later write, and no process by it', async () => {
    let writes = 0;
    const stream = new Duplex({
      read() {},
      write(_piece, _encoding, done) {
        writes++;
        if (writes > 1) throw new Error('no more writing');
        done();
      },
    });
    const errors: unknown[] = [];
    const ws = await upgrade(receivedRequest(), stream, Buffer.alloc(0), {
      handlers: {
        message: (connection, data) => void connection.send(data),
        error: (_ws, error) => void errors.push((error.cause as Error).message),
      },
    });
    stream.push(frame({ opcode: 1, payload: 'hello', key: KEY }));
    await until(() => ws?.state === 'closed');
    expect(errors).toEqual(['no more writing']);
  });

  it('gives back the place of a stream that throws when it is read', async () => {
    const stream = new Duplex({
      read() {
        throw new Error('no reading here');
      },
      write: (_piece, _encoding, done) => done(),
    });
    const options = { limits: { connections: 1 }, handlers: {} };
    const failing = await upgrade(receivedRequest(), stream, Buffer.alloc(0), options);
    await until(() => failing === undefined || failing.state === 'closed');
    const [ours] = duplexPair();
    const ws = await upgrade(receivedRequest(), ours, Buffer.alloc(0), options);
    expect(ws?.state).toBe('open');
    ws?.terminate();
  });

  it('hands a stream nothing that it may not keep', async () => {
    const kept: Uint8Array[] = [];
    const stream = new Duplex({
      read() {},
      write(piece: Uint8Array, _, done) {
        kept.push(piece);
        done();
      },
    });
    const ws = await upgrade(receivedRequest(), stream, Buffer.alloc(0), { handlers: {} });
    for (const text of ['first', 'other']) {
      ws?.send(text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(kept.slice(1).map((piece) => Buffer.from(piece).toString('latin1').slice(2))).toEqual([
      'first',
      'other',
    ]);
  });

  it('takes any duplex stream', async () => {
    const [ours, theirs] = duplexPair();
    let answer = '';
    theirs.setEncoding('latin1').on('data', (piece) => {
      answer += piece;
    });
    const head = frame({ opcode: 1, payload: 'one', key: KEY });
    // It lies in the stream's own buffer, behind the head.
    theirs.write(frame({ opcode: 1, payload: 'two', key: KEY }));
    const closed = new Promise((resolve) => theirs.once('end', resolve));
    const ws = await upgrade(receivedRequest(), ours, head, {
      handlers: { message: (connection, data) => void connection.send(`${data}!`) },
    });
    theirs.write(frame({ opcode: 1, payload: 'three', key: KEY }));
    await until(() => answer.endsWith('three!'));
    expect(answer.split('\r\n\r\n')[1]).toBe('\x81\x04one!\x81\x04two!\x81\x06three!');
    expect(ws?.stats()).toMatchObject({ messagesReceived: 3, messagesSent: 3 });
    expect(ws?.remoteAddress).toBeUndefined();
    theirs.end(frame({ opcode: 8, key: KEY }));
    await closed;
    await until(() => ws?.state === 'closed');
  });

  it('says what it needs', async () => {
    const stream = new Duplex({ read() {}, write() {} });
    const request = { method: 'GET', rawHeaders: [] };
    const options = { handlers: {} };
    const call = (...given: unknown[]) => upgrade(...(given as Parameters<typeof upgrade>));
    await expect(call({}, stream, Buffer.alloc(0), options)).rejects.toThrow(/one of node:http/);
    await expect(call(request, {}, Buffer.alloc(0), options)).rejects.toThrow(/duplex stream/);
    await expect(call(request, stream, undefined, options)).rejects.toThrow(/must be a Buffer/);
    await expect(
      call(request, stream, Buffer.alloc(0), { handlers: {}, path: '/' }),
    ).rejects.toThrow(/option of 'attach'/);
    expect(stream.destroyed).toBe(false);
  });
});
