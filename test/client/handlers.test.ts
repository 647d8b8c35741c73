import { afterEach, expect, it } from 'vitest';
import { connect, type EventConnection, type Handlers } from 'wirespeed/events';
import { type Server, serve } from 'wirespeed/server';

let server: Server | undefined;
const connections: EventConnection[] = [];
afterEach(async () => {
  for (const ws of connections.splice(0)) ws.terminate();
  await server?.close();
  server = undefined;
});

/** Handlers in the form of a class. `done` is fulfilled with the last message. */
class Feed {
  readonly symbol: string;
  count = 0;
  options = { open: false };
  #last = '';
  readonly done: Promise<string>;
  #finish: (last: string) => void = () => {};

  constructor(symbol: string) {
    this.symbol = symbol;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  open(ws: EventConnection): void {
    this.count++;
    ws.send(this.symbol);
  }

  message(ws: EventConnection, data: Uint8Array): void {
    this.count++;
    this.#last = Buffer.from(data).toString();
    ws.close(1000);
  }

  batchEnd(): void {
    this.count++;
  }

  close(): void {
    this.#finish(`${this.#last} ${this.count}`);
  }
}

/** A class that inherits its methods and has fields of its own. */
class NamedFeed extends Feed {
  readonly name = 'feed';
}

it('handlers may be an instance of a class with fields, and are called as its methods', async () => {
  const feed = new NamedFeed('server');
  server = await serve({ host: '127.0.0.1', handlers: feed });
  const own = new Feed('client');
  connections.push(await connect(server.url, own));
  expect(await own.done).toBe('server 3');
  expect(await feed.done).toBe('client 3');
});

it('handlers of a plain object are called with it as this', async () => {
  const handlers = {
    open(ws: EventConnection) {
      ws.send(String(this === handlers));
    },
  };
  server = await serve({ host: '127.0.0.1', handlers });
  const told = new Promise<string>((resolve, reject) => {
    const own: Handlers = {
      message(_, data) {
        resolve(`${Buffer.from(data)} ${this === own}`);
      },
      error(_, error) {
        reject(error);
      },
    };
    connect((server as Server).url, own).then((ws) => connections.push(ws), reject);
  });
  expect(await told).toBe('true true');
});

it('handlers may be an object without a prototype, or one of another realm', async () => {
  const { runInNewContext } = await import('node:vm');
  server = await serve({ host: '127.0.0.1', handlers: runInNewContext('({ open(ws) {} })') });
  const handlers: Handlers = Object.assign(Object.create(null), { open() {} });
  connections.push(await connect(server.url, handlers));
  for (const wrong of [
    runInNewContext('({ opened(ws) {} })'),
    Object.assign(Object.create(null), { opened() {} }),
  ]) {
    await expect(connect(server.url, wrong)).rejects.toThrow(/unknown handler 'opened'/);
  }
});

it.each<[string, unknown, RegExp]>([
  ['no object', 5, /must be an object, not the number 5/],
  ['a function', () => {}, /must be an object, not a function/],
  ['an array', [() => {}], /must be an object, not an array/],
  ['an unknown name', { mesage() {} }, /unknown handler 'mesage'/],
  ['a field among them', { message() {}, count: 0 }, /unknown handler 'count'/],
  ['a handler that is none', { message: 'text' }, /'message' must be a function/],
  [
    'an instance without any',
    new URL('ws://h/'),
    /an instance of URL has no handler; there are open/,
  ],
  [
    'an instance with one that is none',
    new (class {
      close = true;
      open() {}
    })(),
    /'close' must be a function/,
  ],
])(
  'handlers that are %s are a TypeError, of a client and of a server',
  async (_, handlers, message) => {
    for (const call of [
      connect('ws://127.0.0.1:1/', handlers as Handlers),
      serve({ host: '127.0.0.1', handlers: handlers as Handlers }),
    ]) {
      const error = await call.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toMatch(message);
    }
  },
);
