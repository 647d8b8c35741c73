import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type ConnectOptions,
  connect,
  type EventConnection,
  type Handlers,
} from 'wirespeed/events';
import { concat, frame } from '../support/frames.ts';
import {
  closeCodeIn,
  ECHO,
  END,
  type Listener,
  peer,
  READ_AGAIN,
  RESET,
  type Scripted,
  STOP_READING,
  type Step,
  send,
  sendBinary,
  sendBytes,
  sendClose,
  sendText,
  sleep,
  UNTIL_TOLD,
  waitFor,
} from '../support/peer/index.ts';
import { until } from '../support/until.ts';

type Ws = EventConnection<unknown>;

const connections: Ws[] = [];
afterEach(() => {
  for (const ws of connections.splice(0)) ws.terminate();
});

const ca = readFileSync(new URL('../support/certificates/authority.pem', import.meta.url));

async function open(
  steps: readonly Step[],
  handlers: Handlers<unknown>,
  options?: ConnectOptions,
  listener: Listener = 'plain',
): Promise<{ ws: Ws; script: Scripted }> {
  const script = peer.script(listener, { steps });
  const ws = await connect(script.url, handlers, { ...options, tls: { ca } });
  connections.push(ws);
  return { ws, script };
}

/** Handlers that record their calls. `ended` is fulfilled when the connection has closed. */
function recorder(): { log: string[]; handlers: Handlers<unknown>; ended: Promise<void> } {
  const log: string[] = [];
  const { promise, resolve } = deferred();
  const text = (data: Uint8Array): string => Buffer.from(data).toString();
  const handlers: Handlers<unknown> = {
    open: () => void log.push('open'),
    message: (_, data, isText) => void log.push(`${isText ? 'text' : 'binary'} ${text(data)}`),
    ping: (_, data) => void log.push(`ping ${text(data)}`),
    pong: (_, data) => void log.push(`pong ${text(data)}`),
    error: (_, error) => void log.push(`error ${error.code}`),
    close: (_, code, reason) => {
      log.push(`close ${code} ${reason}`);
      resolve();
    },
  };
  return { log, handlers, ended: promise };
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function elapse(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function texts(count: number): Uint8Array {
  return concat(...Array.from({ length: count }, (_, i) => frame({ opcode: 1, payload: `${i}` })));
}

describe('handlers', () => {
  it('are told everything in order, close last and once', async () => {
    const { log, handlers, ended } = recorder();
    await open(
      [
        sendText('one'),
        sendBinary(Buffer.from('two')),
        send({ opcode: 9, payload: 'p' }),
        send({ opcode: 10, payload: 'q' }),
        sendClose(1000, 'bye'),
      ],
      handlers,
    );
    await ended;
    await elapse(20);
    expect(log).toEqual(['open', 'text one', 'binary two', 'ping p', 'pong q', 'close 1000 bye']);
  });

  it('are told why the connection failed before they are told that it closed', async () => {
    const { log, handlers, ended } = recorder();
    await open([sendText('one'), send({ opcode: 5 })], handlers);
    await ended;
    expect(log).toEqual(['open', 'text one', 'error WS_REMOTE_PROTOCOL', 'close 1006 ']);
  });

  it('are told of a lost connection', async () => {
    const { log, handlers, ended } = recorder();
    await open([sleep(20), RESET], handlers);
    await ended;
    expect(log).toEqual(['open', 'error WS_TRANSPORT', 'close 1006 ']);
  });

  it('are told nothing where connecting fails', async () => {
    const { log, handlers } = recorder();
    await expect(connect('ws://127.0.0.1:1/', handlers)).rejects.toMatchObject({ phase: 'tcp' });
    const mute = peer.script('plain', { opening: { isMute: true } });
    await expect(connect(mute.url, handlers, { connectTimeout: 50 })).rejects.toMatchObject({
      operation: 'connect',
    });
    await elapse(20);
    expect(log).toEqual([]);
  });

  it('may all be missing', async () => {
    const { ws } = await open([sendText('one'), send({ opcode: 9 }), sendClose(1000)], {});
    await until(() => ws.state === 'closed');
    expect(ws.closeCode).toBe(1000);
  });

  it('that are no functions, or unknown, are a TypeError', async () => {
    const { url } = peer.script('plain', {});
    for (const handlers of [{ message: 5 }, { mesage() {} }, null, 5]) {
      await expect(connect(url, handlers as Handlers<unknown>)).rejects.toBeInstanceOf(TypeError);
    }
  });

  it('get the connection they belong to, with the data of its owner', async () => {
    const seen: unknown[] = [];
    const script = peer.script('plain', {
      steps: [waitFor('message'), sendText('x'), sendClose()],
    });
    const { promise, resolve } = deferred();
    const ws = await connect<{ name: string }>(script.url, {
      message: (self) => void seen.push(self.data.name, self),
      close: (self) => {
        seen.push(self.data.name);
        resolve();
      },
    });
    ws.data = { name: 'mine' };
    ws.send('go');
    await promise;
    expect(seen).toEqual(['mine', ws, 'mine']);
  });

  it('may send from inside open and message', async () => {
    const { promise, resolve } = deferred();
    const got: string[] = [];
    await open([ECHO], {
      open: (ws) => void ws.send('0'),
      message(ws, data) {
        got.push(Buffer.from(data).toString());
        if (got.length < 5) ws.send(String(got.length));
        else resolve();
      },
    });
    await promise;
    expect(got).toEqual(['0', '1', '2', '3', '4']);
  });

  it('get views that hold the message until they return', async () => {
    const { promise, resolve } = deferred();
    const copies: number[][] = [];
    const kinds = new Set<string>();
    await open(
      [
        sendBytes(
          concat(frame({ opcode: 2, payload: [1, 2, 3] }), frame({ opcode: 2, payload: [4, 5] })),
        ),
        sendClose(),
      ],
      {
        message(_, data) {
          kinds.add(Object.prototype.toString.call(data));
          copies.push([...data]);
        },
        close: resolve,
      },
    );
    await promise;
    expect(copies).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    expect([...kinds]).toEqual(['[object Uint8Array]']);
  });

  it('batchEnd comes after the last message of a read', async () => {
    const log: string[] = [];
    const { promise, resolve } = deferred();
    await open(
      [sleep(20), sendBytes(texts(5)), sleep(20), sendBytes(texts(2)), sleep(20), sendClose()],
      {
        message: () => void log.push('m'),
        batchEnd: () => void log.push('b'),
        close: resolve,
      },
    );
    await promise;
    expect(log.join('').replaceAll(/b+/g, 'b')).toMatch(/^b?m{5}bm{2}b$/);
  });

  it('frame gets every data frame by itself, in place of message', async () => {
    const frames: string[] = [];
    const { promise, resolve } = deferred();
    await open(
      [
        send({ opcode: 1, payload: 'a', isFinal: false }),
        send({ opcode: 9 }),
        send({ opcode: 0, payload: 'b', isFinal: false }),
        send({ opcode: 0 }),
        send({ opcode: 2, payload: 'c' }),
        sendClose(),
      ],
      {
        frame: (_, { opcode, isFinal, payload }) =>
          void frames.push(`${opcode} ${isFinal} ${Buffer.from(payload)}`),
        close: resolve,
      },
    );
    await promise;
    expect(frames).toEqual(['1 false a', '0 false b', '0 true ', '2 true c']);
  });

  it('the limits of a message hold frame by frame as well', async () => {
    const { log, handlers, ended } = recorder();
    const { message: _, ...rest } = handlers;
    const pieces = Array.from({ length: 5 }, (__, i) =>
      send({ opcode: i === 0 ? 2 : 0, payload: new Uint8Array(30), isFinal: false }),
    );
    const { script } = await open(pieces, { ...rest, frame: () => {} }, { maxMessageSize: 100 });
    await ended;
    expect(log).toContain('error WS_MESSAGE_TOO_BIG');
    expect(closeCodeIn(await script.seen())).toBe(1009);
  });
});

describe('pause and resume', () => {
  it('pause inside the message handler stops delivery at once, and nothing is lost', async () => {
    const got: string[] = [];
    const { promise, resolve } = deferred();
    const { ws } = await open([sendBytes(texts(200)), sendClose(1000)], {
      message(self, data) {
        got.push(Buffer.from(data).toString());
        if (got.length % 50 === 3) self.pause();
      },
      close: resolve,
    });
    await until(() => got.length === 3);
    await elapse(10);
    expect(got).toHaveLength(3);
    for (const count of [53, 103, 153]) {
      ws.resume();
      await until(() => got.length === count);
      await elapse(10);
      expect(got).toHaveLength(count);
    }
    ws.resume();
    await promise;
    expect(got).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
  });

  for (const listener of ['plain', 'tls', 'trickle'] as const) {
    it(`nothing is lost where the peer closes and ends while paused (${listener})`, async () => {
      const { log, handlers, ended } = recorder();
      const steps = [
        sendBytes(texts(20)),
        sleep(20),
        sendText('last'),
        sendClose(1000, 'bye'),
        END,
      ];
      const { ws } = await open(
        steps,
        {
          ...handlers,
          message(self, data, isText) {
            handlers.message?.(self, data, isText);
            if (log.at(-1) === 'text 3') self.pause();
          },
        },
        undefined,
        listener,
      );
      await elapse(60);
      expect(log.at(-1)).toBe('text 3');
      ws.resume();
      await ended;
      expect(log.slice(-2)).toEqual(['text last', 'close 1000 bye']);
      expect(log).toHaveLength(1 + 20 + 2);
    });
  }

  it('pause and resume inside one handler change nothing', async () => {
    const got: string[] = [];
    const { promise, resolve } = deferred();
    await open([sendBytes(texts(20)), sendClose(1000)], {
      message(self, data) {
        got.push(Buffer.from(data).toString());
        self.pause();
        self.resume();
      },
      close: resolve,
    });
    await promise;
    expect(got).toHaveLength(20);
  });

  it('a paused connection that is closed still ends', async () => {
    const { handlers, ended } = recorder();
    const { ws } = await open([ECHO], handlers);
    ws.pause();
    ws.close(1000);
    await ended;
    expect(ws.state).toBe('closed');
  });

  it('close inside the message handler delivers no further message', async () => {
    const { log, handlers, ended } = recorder();
    await open([sendBytes(texts(5))], {
      ...handlers,
      message(ws, data, isText) {
        handlers.message?.(ws, data, isText);
        ws.terminate();
      },
    });
    await ended;
    expect(log).toEqual(['open', 'text 0', 'close 1006 ']);
  });
});

describe('sending', () => {
  it('send returns false above sendHighWaterMark, and drain comes when there is room', async () => {
    let drained = 0;
    const { promise, resolve } = deferred();
    const { ws, script } = await open([STOP_READING, UNTIL_TOLD, READ_AGAIN], {
      drain(self) {
        drained++;
        expect(self.bufferedAmount).toBeLessThanOrEqual(32 * 1024);
        resolve();
      },
    });
    let sent = 0;
    const chunk = new Uint8Array(256 * 1024);
    for (let hasRoom = true; hasRoom && sent < 400; sent++) {
      hasRoom = ws.send(chunk);
      await elapse(0);
    }
    expect(ws.bufferedAmount).toBeGreaterThan(64 * 1024);
    expect(sent).toBeLessThan(400);
    script.goOn();
    await promise;
    expect(drained).toBe(1);
    ws.close();
    expect((await script.seen()).bytes).toBe(sent * chunk.length);
  });

  it('cork lets everything sent inside leave in one batch', async () => {
    const { ws, script } = await open([ECHO], {});
    const before = (await script.seenSoFar())?.reads ?? 0;
    ws.cork(() => {
      for (let i = 0; i < 50; i++) ws.send(`message ${i}`);
    });
    ws.close();
    const seen = await script.seen();
    expect(seen.frames).toHaveLength(51);
    expect(seen.reads - before).toBeLessThan(5);
  });

  it('the first of a turn and then each 16 KiB leave at once, and inside cork they wait for its end', async () => {
    const { ws } = await open([ECHO], {});
    const write = vi.spyOn(Socket.prototype, 'write');
    try {
      const kibibytes = (count: number) => {
        for (let i = 0; i < count; i++) ws.send(new Uint8Array(1024));
        return write.mock.calls.length;
      };
      expect(kibibytes(1)).toBe(1);
      // If the turn takes some milliseconds, one more may be written at once.
      const soFar = kibibytes(60);
      expect(soFar > 3 && soFar < 15).toBe(true);
      ws.cork(() => {
        expect(kibibytes(40)).toBe(soFar);
      });
      await until(() => write.mock.calls.length > soFar);
      expect(write.mock.calls.length).toBe(soFar + 1);
    } finally {
      write.mockRestore();
    }
    ws.terminate();
  });

  it('what was sent inside cork leaves although it throws, and the error comes out', async () => {
    const { ws, script } = await open([ECHO], {});
    expect(() =>
      ws.cork(() => {
        ws.send('before');
        throw new Error('inside');
      }),
    ).toThrow('inside');
    ws.close();
    expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 8]);
  });

  it('wrong calls throw at once', async () => {
    const { ws } = await open([ECHO], {});
    expect(() => ws.send(5 as unknown as string)).toThrow(TypeError);
    expect(() => ws.ping('x'.repeat(126))).toThrow(/125/);
    expect(() => ws.close(1006)).toThrow(RangeError);
    ws.terminate();
    expect(() => ws.send(5 as unknown as string)).toThrow(TypeError);
    expect(ws.send('x')).toBe(false);
    expect(ws.stats()).toMatchObject({ messagesSent: 0, messagesRefused: 1 });
    expect(ws.ping()).toBe(false);
    expect(ws.pong()).toBe(false);
    ws.close();
  });

  it('keeps the order where a Blob has to be awaited', async () => {
    const { promise, resolve } = deferred();
    const got: string[] = [];
    const { ws } = await open([ECHO], {
      message(_, data) {
        got.push(Buffer.from(data).toString());
        if (got.length === 3) resolve();
      },
    });
    ws.send('one');
    ws.send(new Blob(['two']));
    ws.send('three');
    await promise;
    expect(got).toEqual(['one', 'two', 'three']);
  });
});
