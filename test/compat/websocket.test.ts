/**
 * The WHATWG's WebSocket. `test/interop/standard-clients.test.ts` lets it and those of other programs do the same.
 */
import { createServer, type Server as TcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type ServeOptions, type Server, serve } from 'wirespeed/server';
import { CloseEvent, WebSocket } from 'wirespeed/websocket';
import { until } from '../support/until.ts';

const servers: { close(): unknown }[] = [];
const sockets: WebSocket[] = [];
afterEach(async () => {
  for (const ws of sockets.splice(0)) ws.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: Partial<ServeOptions<unknown>> = {}): Promise<Server> {
  const server = await serve({
    host: '127.0.0.1',
    closeTimeout: 500,
    handlers: { message: (ws, data) => void ws.send(data) },
    ...options,
  });
  servers.push(server);
  return server;
}

function dial(...given: ConstructorParameters<typeof WebSocket>): WebSocket {
  const ws = new WebSocket(...given);
  sockets.push(ws);
  return ws;
}

/** Waits for an event. */
function next<E extends Event>(ws: WebSocket, type: string): Promise<E> {
  return new Promise((resolve) => {
    ws.addEventListener(type, (event) => resolve(event as E), { once: true });
  });
}

async function open(...given: ConstructorParameters<typeof WebSocket>): Promise<WebSocket> {
  const ws = dial(...given);
  await next(ws, 'open');
  return ws;
}

function nameOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).name;
  }
  return 'nothing was thrown';
}

describe('the constructor', () => {
  it('takes URLs as the standard says', async () => {
    const { port } = await start();
    const cases = [
      [`ws://127.0.0.1:${port}`, `ws://127.0.0.1:${port}/`],
      [`http://127.0.0.1:${port}/a?b`, `ws://127.0.0.1:${port}/a?b`],
      [`WS://127.0.0.1:${port}/ä`, `ws://127.0.0.1:${port}/%C3%A4`],
      ['https://example.invalid', 'wss://example.invalid/'],
    ] as const;
    for (const [given, url] of cases) expect(dial(given).url).toBe(url);
    expect(dial(new URL(`ws://127.0.0.1:${port}/`)).url).toBe(`ws://127.0.0.1:${port}/`);
  });

  it.each(['', 'x', '//x', 'ftp://x', 'mailto:x', 'ws://x/#', 'ws://x/#a', 'ws://', 'ws://a b/'])(
    'refuses the URL %j with a SyntaxError',
    (url) => {
      expect(nameOf(() => new WebSocket(url))).toBe('SyntaxError');
    },
  );

  it.each([[''], ['a b'], ['a,b'], [['a', 'a']], [['a', '']], ['ä'], ['a\r\nX: b']])(
    'refuses the subprotocols %j with a SyntaxError',
    (protocols) => {
      expect(nameOf(() => new WebSocket('ws://127.0.0.1:1/', protocols))).toBe('SyntaxError');
    },
  );

  it('needs a URL, and new', () => {
    const Any = WebSocket as unknown as new (...given: unknown[]) => WebSocket;
    expect(() => new Any()).toThrow(TypeError);
    expect(() => (WebSocket as unknown as (url: string) => unknown)('ws://x')).toThrow(TypeError);
  });

  it('takes subprotocols with options, as that of undici', async () => {
    const server = await start({
      protocols: ['v2'],
      request: ({ headers }) => (headers.get('x-key') === 'right' ? undefined : { status: 403 }),
    });
    const ws = await open(server.url, { protocols: ['v1', 'v2'], headers: { 'X-Key': 'right' } });
    expect(ws.protocol).toBe('v2');
    expect(() => new WebSocket(server.url, { handshakeTimeout: 1 } as object)).toThrow(
      /'connectTimeout'/,
    );
  });
});

describe('the states', () => {
  it('are constants of the class and of each object', () => {
    const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
    for (const [name, value] of Object.entries(states)) {
      for (const object of [WebSocket, WebSocket.prototype]) {
        expect(Object.getOwnPropertyDescriptor(object, name)).toEqual({
          value,
          enumerable: true,
          writable: false,
          configurable: false,
        });
      }
    }
    expect(String(WebSocket.prototype)).toBe('[object WebSocket]');
  });

  it('change with the events, in order', async () => {
    const ws = dial((await start()).url);
    const seen: unknown[] = [ws.readyState];
    for (const type of ['open', 'message', 'error', 'close']) {
      ws.addEventListener(type, () => seen.push(type, ws.readyState));
    }
    await next(ws, 'open');
    ws.send('x');
    await next(ws, 'message');
    ws.close(3000, 'done');
    seen.push(ws.readyState);
    const { code, wasClean } = await next<CloseEvent>(ws, 'close');
    expect(seen).toEqual([0, 'open', 1, 'message', 1, 2, 'close', 3]);
    expect([code, wasClean]).toEqual([3000, true]);
  });
});

describe('sending', () => {
  it('is refused while connecting, and without data', async () => {
    const ws = dial((await start()).url);
    expect(nameOf(() => ws.send('x'))).toBe('InvalidStateError');
    await next(ws, 'open');
    expect(() => (ws.send as () => void)()).toThrow(TypeError);
  });

  it('makes text of everything but bytes and Blobs', async () => {
    const ws = await open((await start()).url);
    ws.binaryType = 'arraybuffer';
    const cases: [unknown, unknown][] = [
      ['ä😀', 'ä😀'],
      ['a\ud800b', 'a\ufffdb'],
      [7, '7'],
      [null, 'null'],
      [undefined, 'undefined'],
      [{ toString: () => 'text' }, 'text'],
      [new Uint8Array([1, 2, 3]).subarray(1), new Uint8Array([2, 3]).buffer],
      [new Uint16Array([1]).buffer, new Uint8Array([1, 0]).buffer],
      [new DataView(new ArrayBuffer(2)), new ArrayBuffer(2)],
      [new Blob(['blob']), new TextEncoder().encode('blob').buffer],
    ];
    for (const [data, expected] of cases) {
      ws.send(data as string);
      const { data: got } = await next<Event & { data: unknown }>(ws, 'message');
      if (typeof expected === 'string') expect(got).toBe(expected);
      else
        expect(new Uint8Array(got as ArrayBuffer)).toEqual(new Uint8Array(expected as ArrayBuffer));
    }
  });

  it('is counted until the turn ends, and for ever after closing', async () => {
    const ws = await open((await start()).url);
    ws.send('ä');
    ws.send(new Uint8Array(10));
    expect(ws.bufferedAmount).toBe(12);
    await next(ws, 'message');
    expect(ws.bufferedAmount).toBe(0);
    ws.close();
    ws.send('late');
    expect(ws.bufferedAmount).toBe(4);
    await next(ws, 'close');
    ws.send(new Blob(['later']));
    expect(ws.bufferedAmount).toBe(9);
  });
});

describe('messages', () => {
  it('are a Blob or an ArrayBuffer of their own, as binaryType says when they are told', async () => {
    const ws = await open((await start()).url);
    expect(ws.binaryType).toBe('blob');
    ws.send(new Uint8Array([1, 2]));
    const { data: blob } = await next<Event & { data: Blob }>(ws, 'message');
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(new Uint8Array([1, 2]));
    ws.binaryType = 'nonsense' as 'blob';
    expect(ws.binaryType).toBe('blob');
    ws.binaryType = 'arraybuffer';
    ws.send(new Uint8Array([3]));
    const { data, origin } = await next<Event & { data: ArrayBuffer; origin: string }>(
      ws,
      'message',
    );
    expect(data).toBeInstanceOf(ArrayBuffer);
    expect(data.byteLength).toBe(1);
    expect(origin).toBe(new URL(ws.url).origin);
  });

  it('come one by one: each is told when all promises have gone on', async () => {
    const server = await start({
      handlers: {
        open: (ws) => {
          for (let i = 0; i < 20; i++) ws.send(String(i));
        },
      },
    });
    const ws = await open(server.url);
    const got: unknown[] = [];
    // Code that awaits one message after the other loses none, although they came together.
    for (let i = 0; i < 20; i++) {
      const { data } = await new Promise<{ data: unknown }>((resolve) => {
        ws.onmessage = resolve;
      });
      await Promise.resolve().then(() => {});
      got.push(data);
    }
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
  });

  it('that come after close() are not told', async () => {
    const server = await start({
      handlers: { close: () => {}, message: (ws, data) => void ws.send(data) },
    });
    const ws = await open(server.url);
    let count = 0;
    ws.onmessage = () => count++;
    ws.send('x');
    ws.close();
    await next(ws, 'close');
    expect(count).toBe(0);
  });
});

describe('closing', () => {
  it.each([999, 1001, 1005, 2999, 5000, 0, -1, Number.NaN, 70_000])(
    'with the code %d is an InvalidAccessError',
    async (code) => {
      const ws = await open((await start()).url);
      expect(nameOf(() => ws.close(code))).toBe('InvalidAccessError');
      expect(ws.readyState).toBe(1);
    },
  );

  it('with a reason of more than 123 bytes is a SyntaxError', async () => {
    const told: string[] = [];
    const server = await start({
      handlers: { close: (_, _code, reason) => void told.push(reason) },
    });
    const ws = await open(server.url);
    expect(nameOf(() => ws.close(1000, 'ä'.repeat(62)))).toBe('SyntaxError');
    ws.close(1000, 'ä'.repeat(61));
    await until(() => told.length === 1);
    expect(told).toEqual(['ä'.repeat(61)]);
  });

  it.each<[unknown[], number, string]>([
    [[], 1005, ''],
    [[undefined], 1005, ''],
    [[1000], 1000, ''],
    [[undefined, 'why'], 1000, 'why'],
    [[3000.4, 'a\ud800'], 3000, 'a\ufffd'],
  ])('by close(...%j) is told to the server as %d', async (given, code, reason) => {
    const told: unknown[] = [];
    const server = await start({ handlers: { close: (_, ...facts) => void told.push(facts) } });
    const ws = await open(server.url);
    ws.close(...(given as [number, string]));
    const event = await next<CloseEvent>(ws, 'close');
    await until(() => told.length === 1);
    expect(told).toEqual([[code, reason]]);
    expect([event.code, event.wasClean]).toEqual([code, true]);
  });

  it('while connecting gives up: error, then close with 1006', async () => {
    const ws = dial((await start()).url);
    const seen: string[] = [];
    ws.onopen = () => seen.push('open');
    ws.onerror = () => seen.push('error');
    ws.onclose = ({ code, wasClean }) => seen.push(`close ${code} ${wasClean}`);
    ws.close();
    expect(ws.readyState).toBe(2);
    expect(seen).toEqual([]);
    await next(ws, 'close');
    expect(seen).toEqual(['error', 'close 1006 false']);
    ws.close();
    expect(ws.readyState).toBe(3);
  });

  it('by a server that refuses, or is not there, is an error with a reason', async () => {
    const server = await start({ request: () => ({ status: 401 }) });
    const dead: TcpServer = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => dead.once('listening', resolve));
    const { port } = dead.address() as { port: number };
    await new Promise((resolve) => dead.close(resolve));
    for (const [url, code] of [
      [server.url, 'WS_HANDSHAKE_STATUS'],
      [`ws://127.0.0.1:${port}/`, 'WS_CONNECT_FAILED'],
    ] as const) {
      const ws = dial(url);
      const closed = next<CloseEvent>(ws, 'close');
      const error = await next<Event & { error: unknown }>(ws, 'error');
      expect(Object.getPrototypeOf(error)).toBe(Event.prototype);
      expect(error.error).toMatchObject({ code });
      expect(ws.readyState).toBe(3);
      expect(await closed).toMatchObject({ code: 1006, wasClean: false });
    }
  });

  it('by a connection that is lost is an error and a close event with 1006', async () => {
    const server = await start({ handlers: { message: (ws) => ws.terminate() } });
    const ws = await open(server.url);
    const seen: string[] = [];
    ws.onerror = () => seen.push('error');
    ws.send('x');
    expect(await next<CloseEvent>(ws, 'close')).toMatchObject({ code: 1006, wasClean: false });
    expect(seen).toEqual(['error']);
  });

  it('by the server is told with its code', async () => {
    const server = await start({ handlers: { open: (ws) => ws.close(4000, 'because') } });
    const ws = dial(server.url);
    const event = await next<CloseEvent>(ws, 'close');
    expect(event).toBeInstanceOf(CloseEvent);
    expect(event).toMatchObject({ code: 4000, reason: 'because', wasClean: true });
  });
});

describe('event handler attributes', () => {
  it('keep their place among the listeners, and lose it when they are taken away', async () => {
    const ws = dial((await start()).url);
    const seen: string[] = [];
    ws.onopen = () => seen.push('first value');
    ws.addEventListener('open', () => seen.push('listener'));
    ws.onopen = () => seen.push('attribute');
    ws.onclose = () => seen.push('lost');
    ws.onclose = null;
    ws.addEventListener('close', () => seen.push('close listener'));
    ws.onclose = () => seen.push('close attribute');
    await next(ws, 'open');
    ws.close();
    await next(ws, 'close');
    expect(seen).toEqual(['attribute', 'listener', 'close listener', 'close attribute']);
  });

  it('are null, a function, or an object that is not called', async () => {
    const ws = dial((await start()).url);
    expect(ws.onmessage).toBeNull();
    const handler = (): void => {};
    ws.onmessage = handler;
    expect(ws.onmessage).toBe(handler);
    const object = {} as never;
    ws.onmessage = object;
    expect(ws.onmessage).toBe(object);
    ws.onmessage = 'text' as never;
    expect(ws.onmessage).toBeNull();
  });

  it('are called with the object as this, and their exceptions end nothing else', async () => {
    const ws = dial((await start()).url);
    const seen: unknown[] = [];
    ws.onopen = function (this: unknown) {
      seen.push(this === ws);
    } as () => void;
    await next(ws, 'open');
    expect(seen).toEqual([true]);
  });
});
