/**
 * The package in a realm that is not Node.js's own, loaded by nothing but `require`: as in Jest, whose
 * environment `node` shares the types of bytes with Node.js and `jsdom` does not.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, serve } from 'wirespeed/server';
import { peer } from '../support/peer/index.ts';
import { type Outcome, runProgram } from '../support/run-program.ts';

const ENTRIES = ['', '/sync', '/events', '/server', '/protocol'].map((path) => `wirespeed${path}`);

const REALMS: Readonly<Record<string, readonly string[]>> = {
  "that has Node.js's types of bytes": ['ArrayBuffer', 'Uint8Array'],
  'that has types of its own': [],
};

let server: Server;
beforeAll(async () => {
  const perMessageDeflate = { threshold: 0 };
  server = await serve({
    perMessageDeflate,
    handlers: { message: (ws, data, isText) => void ws.send(data, { text: isText }) },
  });
});
afterAll(async () => {
  await server.close();
});

/** Runs the body of an asynchronous function within a realm; `require` there leads to the package. */
async function runIn(realm: string, source: string, globals = 'undefined'): Promise<Outcome> {
  const outcome = await runProgram(`
    import { createRealm } from './test/support/realm.mjs';
    const realm = createRealm(${JSON.stringify(REALMS[realm])}, ${globals});
    const run = realm.run(${JSON.stringify(`(async (require, console) => {${source}\n})`)});
    await run(realm.require, console);`);
  expect(outcome.stderr).toBe('');
  return outcome;
}

describe.each(Object.keys(REALMS))('in a realm %s', (realm) => {
  it('every entry point can be required', async () => {
    const { lines } = await runIn(
      realm,
      `for (const name of ${JSON.stringify(ENTRIES)}) {
        console.log(name, Object.keys(require(name)).length > 5);
      }`,
    );
    expect(lines).toEqual(ENTRIES.map((name) => `${name} true`));
  });

  it('messages are compressed by every client and by the server', async () => {
    const { lines } = await runIn(
      realm,
      `const url = '${server.url}';
      const perMessageDeflate = { threshold: 0 };
      const text = 'by and large '.repeat(5000);
      const { connect } = require('wirespeed');
      const ws = await connect(url, { perMessageDeflate });
      // One at once, one in the thread pool.
      for (const message of ['short', text]) {
        await ws.send(message);
        console.log('async', ws.extensions, (await ws.recv({ timeout: 5000 })) === message);
      }
      await ws.close();
      const blocking = require('wirespeed/sync').connect(url, { perMessageDeflate });
      blocking.send(text);
      console.log('sync', blocking.extensions, blocking.recv({ timeout: 5000 }) === text);
      blocking.close();
      await new Promise((resolve) => {
        require('wirespeed/events').connect(url, {
          open: (ws) => ws.send(text),
          message(ws, data) {
            console.log('events', ws.extensions, new TextDecoder().decode(data) === text);
            ws.close();
          },
          close: () => resolve(),
        }, { perMessageDeflate });
      });
      const { serve } = require('wirespeed/server');
      const own = await serve({
        perMessageDeflate,
        handlers: { message: (ws, data, isText) => ws.send(data, { text: isText }) },
      });
      const client = await connect(own.url, { perMessageDeflate });
      await client.send(text);
      console.log('server', client.extensions, (await client.recv({ timeout: 5000 })) === text);
      await client.close();
      await own.close();`,
    );
    const agreed = 'permessage-deflate true';
    expect(lines).toEqual([
      `async ${agreed}`,
      `async ${agreed}`,
      `sync ${agreed}`,
      `events ${agreed}`,
      `server ${agreed}`,
    ]);
  });

  it('failures to connect are explained, plain and over TLS', async () => {
    const { lines } = await runIn(
      realm,
      `const sync = require('wirespeed/sync');
      const { connect, ConnectError } = require('wirespeed');
      for (const url of [
        'ws://127.0.0.1:1/',
        '${peer.script('selfSigned', {}).url}',
        '${peer.script('wrongHost', {}).url}',
      ]) {
        const tell = (error) => console.log(error instanceof ConnectError, error.message);
        await connect(url).catch(tell);
        try {
          sync.connect(url);
        } catch (error) {
          tell(error);
        }
      }`,
    );
    const twice = (pattern: RegExp) => [
      expect.stringMatching(pattern),
      expect.stringMatching(pattern),
    ];
    expect(lines).toEqual([
      ...twice(/^true .*nothing is listening on 127\.0\.0\.1:1 \(ECONNREFUSED\)/),
      ...twice(/^true .*the server's certificate was refused/),
      ...twice(/^true .*the server's certificate is for another host/),
    ]);
  });

  it('timers that are faked before the package is loaded change nothing', async () => {
    const { lines } = await runIn(
      realm,
      `const url = '${server.url}';
      const { connect } = require('wirespeed');
      const ws = await connect(url);
      await ws.send('hello');
      console.log(await ws.recv());
      console.log(await ws.recv({ timeout: 50 }).catch((error) => error.message));
      await ws.close();
      const blocking = require('wirespeed/sync').connect(url);
      try {
        blocking.recv({ timeout: 50 });
      } catch (error) {
        console.log(error.message);
      }
      blocking.close();
      console.log(ws.closeCode, blocking.closeCode);`,
      `{
        process: { nextTick() {}, hrtime: () => [0, 0] },
        performance: { now: () => 0 },
        ...Object.fromEntries(
          ['Timeout', 'Interval', 'Immediate'].flatMap((kind) => [['set' + kind, () => 0], ['clear' + kind, () => {}]]),
        ),
        queueMicrotask() {},
      }`,
    );
    const late = 'recv timed out after 50 ms';
    expect(lines).toEqual(['hello', late, late, '1000 1000']);
  });

  it('values of other realms are taken for what they are', async () => {
    const { lines } = await runIn(
      realm,
      `const { connect } = require('wirespeed');
      const sync = require('wirespeed/sync');
      const url = '${server.url}';
      const ws = await connect(new foreign.URL(url), {
        signal: new foreign.AbortController().signal,
        headers: new foreign.Map([['x-name', 'value']]),
        protocols: new foreign.Array(),
      });
      const kinds = ['Uint8Array', 'Float64Array', 'DataView', 'ArrayBuffer', 'SharedArrayBuffer'];
      for (const realm of [globalThis, foreign]) {
        for (const kind of kinds) {
          const buffer = new realm.ArrayBuffer(8);
          const data = kind === 'DataView' ? new realm.DataView(buffer) : new realm[kind](8);
          await ws.send(data, { signal: new foreign.AbortController().signal });
          const received = await ws.recv({ timeout: 5000, signal: new foreign.AbortController().signal });
          console.log(kind, received instanceof Uint8Array, received.length === data.byteLength);
        }
      }
      await ws.send(new Blob(['a Blob']));
      console.log(String(await ws.recv({ timeout: 5000 })));
      const controller = new foreign.AbortController();
      const waiting = ws.recv({ signal: controller.signal });
      controller.abort(new Error('enough'));
      console.log(await waiting.catch((error) => error.message));
      await ws.close();
      const blocking = sync.connect(new foreign.URL(url), { signal: new foreign.AbortController().signal });
      blocking.send(new Blob(['another']));
      console.log(String(blocking.recv({ timeout: 5000 })));
      blocking.close();`,
      // URL and AbortController as a DOM in JavaScript has them: of classes that are nobody's.
      `{
        foreign: {
          ...Object.fromEntries(
            ['Map', 'Array', 'Uint8Array', 'Float64Array', 'DataView', 'ArrayBuffer', 'SharedArrayBuffer']
              .map((name) => [name, globalThis[name]]),
          ),
          URL: class { constructor(href) { Object.assign(this, { href, protocol: 'ws:' }); } toString() { return this.href; } },
          AbortController: class {
            signal = new (class extends EventTarget {
              aborted = false;
              throwIfAborted() { if (this.aborted) throw this.reason; }
            })();
            abort(reason) { Object.assign(this.signal, { aborted: true, reason }).dispatchEvent(new Event('abort')); }
          },
        },
      }`,
    );
    const kinds = ['Uint8Array', 'Float64Array', 'DataView', 'ArrayBuffer', 'SharedArrayBuffer'];
    const received = kinds.map((kind) => `${kind} true true`);
    const blobs = ['97,32,66,108,111,98', '97,110,111,116,104,101,114'];
    expect(lines).toEqual([...received, ...received, blobs[0], 'enough', blobs[1]]);
  });
});
