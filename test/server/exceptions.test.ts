/**
 * An exception of a server's hook or handler is a fault of the program. Before the upgrade any client can bring it
 * about, so it never ends the process. After the upgrade it fails its own connection and no other.
 */
import { expect, it } from 'vitest';
import { runProgram } from '../support/run-program.ts';

/** A program: a server with this request hook, a client that it refuses, and another client that it serves. */
const hooked = (hook: string, options = ''): string => `
  import { connect } from 'wirespeed';
  import { serve } from 'wirespeed/server';
  let isGood = false;
  const fault = ${hook};
  const server = await serve({ host: '127.0.0.1',
    handlers: { message: (ws, data) => ws.send(data) },
    request: (request) => (isGood ? undefined : fault(request)),
    ${options}
  });
  for (let i = 0; i < 2; i++) {
    await connect(server.url).catch((error) => console.log('refused', error.status));
  }
  isGood = true;
  const ws = await connect(server.url);
  await ws.send('served');
  console.log(await ws.recv());
  await ws.close();
  await server.close();`;

const FAULTY_HOOKS: Readonly<Record<string, string>> = {
  throws: "() => { throw new Error('in the hook'); }",
  rejects: "async () => { throw new Error('in the hook'); }",
  'throws undefined': '() => { throw undefined; }',
  'throws what cannot be told': '() => { throw { toString() { throw 1; } }; }',
  'answers another thenable that throws': '() => ({ then() { throw new Error("x"); } })',
  'refuses with a status that is none': '() => ({ status: 200 })',
  'chooses a subprotocol that was not offered': "() => ({ protocol: 'none' })",
  'answers with a string': "() => 'yes'",
  'adds a header that is none': "() => ({ headers: { X: 'a\\nb' } })",
  'answers later with a subprotocol that was not offered': "async () => ({ protocol: 'none' })",
};

for (const [what, hook] of Object.entries(FAULTY_HOOKS)) {
  it(`a request hook that ${what} refuses with 500, warns once, and the server goes on`, async () => {
    const { lines, stderr, code } = await runProgram(hooked(hook));
    expect(lines).toEqual(['refused 500', 'refused 500', 'served']);
    expect(stderr.match(/WS_FAULT_REQUEST/g)).toHaveLength(1);
    expect(code).toBe(0);
  });
}

it('a target that no URL can be made of is refused with 500 if the hook throws for it', async () => {
  const { lines, code } = await runProgram(`
    import { connect } from 'node:net';
    import { serve } from 'wirespeed/server';
    const server = await serve({ host: '127.0.0.1',
      handlers: {},
      request: ({ target }) => void new URL(target, 'ws://x'),
      error: (error, { source, request }) => console.log(source, request.target, error.code),
    });
    const socket = connect(server.port, '127.0.0.1');
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    socket.end('GET // HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
      'Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: ' + key + '\\r\\n\\r\\n');
    for await (const piece of socket) console.log(String(piece).split('\\r\\n')[0]);
    await server.close();`);
  expect(lines.toSorted()).toEqual([
    'HTTP/1.1 500 Internal Server Error',
    'request // ERR_INVALID_URL',
  ]);
  expect(code).toBe(0);
});

it("the option 'error' is called for each fault of a hook, with the request, and no warning comes", async () => {
  const { lines, stderr } = await runProgram(
    hooked(
      FAULTY_HOOKS.rejects as string,
      'error: (error, { source, request, connection }) => console.log(source, error.message, request.target, connection),',
    ),
  );
  expect(lines).toEqual([
    'request in the hook / undefined',
    'refused 500',
    'request in the hook / undefined',
    'refused 500',
    'served',
  ]);
  expect(stderr).toBe('');
});

for (const error of [
  '() => { throw 1; }',
  'async () => { throw 1; }',
  '() => new Promise(() => {})',
]) {
  it(`the option 'error' may itself fail: ${error}`, async () => {
    const { lines, code } = await runProgram(
      hooked(FAULTY_HOOKS.throws as string, `error: ${error},`),
    );
    expect(lines).toEqual(['refused 500', 'refused 500', 'served']);
    expect(code).toBe(0);
  });
}

/** A program: a server with a handler that fails for one of two clients. */
const handled = (handlers: string, options = ''): string => `
  import { connect } from 'wirespeed';
  import { serve } from 'wirespeed/server';
  process.on('uncaughtException', (error) => console.log('uncaught', error.message));
  process.on('unhandledRejection', (error) => console.log('unhandled', error.message));
  const fault = new Error('in the handler');
  const fail = () => { throw fault; };
  const server = await serve({ host: '127.0.0.1', handlers: { ${handlers} }, ${options} });
  const good = await connect(server.url + 'good');
  const bad = await connect(server.url + 'bad');
  await bad.send('go');
  await bad.recv().catch((error) => console.log('closed', error.closeCode));
  await good.send('still served');
  console.log(await good.recv());
  await good.close();
  await server.close();`;

const ECHO = "message(ws, data) { if (data === 'go') return fail(); ws.send(data); }";
const FAULTY_HANDLERS: Readonly<Record<string, string>> = {
  message: ECHO,
  'an async message': `async ${ECHO.replace('return fail()', 'return await 0, fail()')}`,
  batchEnd: `message(ws, data) { if (data !== 'go') ws.send(data); },
    batchEnd(ws) { if (ws.request.target === '/bad') fail(); }`,
  frame:
    "frame(ws, { payload }) { String.fromCharCode(...payload) === 'go' ? fail() : ws.send(payload, { text: true }); }",
};

for (const [name, handlers] of Object.entries(FAULTY_HANDLERS)) {
  it(`an exception in ${name} fails that connection with 1011, and no other`, async () => {
    const { lines, code } = await runProgram(handled(handlers));
    expect(lines).toEqual(['uncaught in the handler', 'closed 1011', 'still served']);
    expect(code).toBe(0);
  });

  it(`an exception in ${name} is given to the option 'error', and is not an uncaught exception then`, async () => {
    const { lines } = await runProgram(
      handled(
        handlers,
        'error: (error, { source, connection, request }) => console.log(source, error.message, connection.state, request.target),',
      ),
    );
    const source = name.replace('an async ', '');
    expect(lines).toEqual([`${source} in the handler closing /bad`, 'closed 1011', 'still served']);
  });
}

it('the rejection of an async handler is reported once, also after the end of the connection', async () => {
  const { lines } = await runProgram(
    handled(
      `async message(ws, data) {
        if (data !== 'go') return void ws.send(data);
        ws.close(4000);
        await new Promise((resolve) => ws.closed = resolve);
        fail();
      },
      close: (ws) => ws.closed?.()`,
      'error: (error, { source, connection }) => console.log(source, error.message, connection.state),',
    ),
  );
  expect(lines).toContain('closed 4000');
  expect(lines).toContain('message in the handler closed');
});

it('an async handler may keep its data while it awaits', async () => {
  const { lines } = await runProgram(`
    import { connect } from 'wirespeed';
    import { serve } from 'wirespeed/server';
    const stored = [];
    const server = await serve({ host: '127.0.0.1',
      handlers: {
        async message(ws, data, isText) {
          await new Promise(setImmediate);
          stored.push(isText ? data : data[0]);
          if (stored.length === 10) ws.close();
        },
      },
    });
    const ws = await connect(server.url);
    for (let i = 0; i < 5; i++) await ws.send(Uint8Array.of(i, 1, 2));
    for (let i = 5; i < 10; i++) await ws.send(String(i));
    for await (const message of ws) console.log(message);
    console.log(JSON.stringify(stored));
    await server.close();`);
  expect(lines).toEqual(['[0,1,2,3,4,"5","6","7","8","9"]']);
});

it('an async handler that is given views is a TypeError at its first call', async () => {
  for (const handler of ['message', 'frame', 'ping', 'pong']) {
    const { lines } = await runProgram(`
      import { connect } from 'wirespeed/events';
      import { serve } from 'wirespeed/server';
      const server = await serve({ host: '127.0.0.1',
        views: true,
        handlers: { async ${handler}() {}, open: (ws) => ws.ping() },
        error: (error, { source }) => console.log(source, error.name, /views: false/.test(error.message)),
      });
      const closed = Promise.withResolvers?.() ?? {};
      closed.promise ??= new Promise((resolve) => { closed.resolve = resolve; });
      const ws = await connect(server.url, { close: (_, code) => closed.resolve(code) });
      ws.ping();
      ws.send('x');
      console.log(await closed.promise);
      await server.close();`);
    expect(lines).toEqual([`${handler} TypeError true`, '1011']);
  }
});

it('a broadcast goes on past a client that has sent a close frame and keeps its connection', async () => {
  const { lines, code } = await runProgram(`
    import { connect as connectTcp } from 'node:net';
    import { once } from 'node:events';
    import { connect } from 'wirespeed';
    import { serve } from 'wirespeed/server';
    const server = await serve({ host: '127.0.0.1',
      closeTimeout: 300,
      handlers: {
        message(ws, data) {
          const held = [...all];
          for (const peer of server.connections) peer.send(data);
          console.log(server.connections.size, held.filter((peer) => peer.send(data)).length);
        },
        open: (ws) => all.add(ws),
      },
    });
    const all = new Set();
    const socket = connectTcp({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n' +
      'Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: ' + key + '\\r\\n\\r\\n');
    await once(socket, 'data');
    socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 232]));
    await once(socket, 'data');
    const ws = await connect(server.url);
    await ws.send('to all');
    console.log(await ws.recv(), await ws.recv());
    console.log([...all].map((peer) => peer.stats().messagesRefused).join());
    await ws.close();
    await server.close();`);
  expect(lines).toEqual(['1 1', 'to all to all', '1,0']);
  expect(code).toBe(0);
});

it('a server that is closed lets the process exit, and unref lets it exit before', async () => {
  for (const end of ['await server.close();', 'server.unref();']) {
    const { code, lingered } = await runProgram(`
      import { serve } from 'wirespeed/server';
      const server = await serve({ host: '127.0.0.1', handlers: {} });
      ${end}
      console.log('done');`);
    expect(code).toBe(0);
    expect(lingered).toBeLessThan(2000);
  }
});
