/**
 * A handler that throws is a mistake of the program: the exception is uncaught as any other, and the
 * connection is failed with 1011. Each program runs in a process of its own, in which nothing else catches it.
 */
import { expect, it } from 'vitest';
import {
  closeCodeIn,
  ECHO,
  peer,
  RESET,
  type Step,
  send,
  sendClose,
  sendText,
  sleep,
  waitFor,
} from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';

const HANDLERS: Readonly<Record<string, Step>> = {
  open: sleep(0),
  message: sendText('boom'),
  frame: sendText('boom'),
  batchEnd: sendText('boom'),
  ping: send({ opcode: 9 }),
  pong: send({ opcode: 10 }),
};

for (const [handler, step] of Object.entries(HANDLERS)) {
  it(`an exception in ${handler} is uncaught, and fails the connection with 1011`, async () => {
    const script = peer.script('plain', { steps: [step] });
    const { lines, code } = await runProgram(`
      import { connect } from 'wirespeed/events';
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      await connect(${JSON.stringify(script.url)}, {
        ${handler}() { throw new Error('thrown in ${handler}'); },
        close(ws, code) { console.log('closed', code); },
      });`);
    expect(lines).toEqual([`uncaught thrown in ${handler}`, 'closed 1006']);
    expect(code).toBe(0);
    expect(closeCodeIn(await script.seen())).toBe(1011);
  });
}

it('an exception in close is uncaught, and the connection is closed', async () => {
  const script = peer.script('plain', { steps: [sendClose(1000)] });
  const { lines, code } = await runProgram(`
    import { connect } from 'wirespeed/events';
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    const ws = await connect(${JSON.stringify(script.url)}, {
      close() { throw new Error('thrown in close'); },
    });
    process.on('exit', () => console.log(ws.state));`);
  expect(lines).toEqual(['uncaught thrown in close', 'closed']);
  expect(code).toBe(0);
});

it('an exception in a handler ends a process that catches none', async () => {
  const script = peer.script('plain', { steps: [sendText('boom')] });
  const { stderr, code } = await runProgram(`
    import { connect } from 'wirespeed/events';
    await connect(${JSON.stringify(script.url)}, {
      message() { throw new Error('thrown in message'); },
    });`);
  expect(code).toBe(1);
  expect(stderr).toContain('thrown in message');
});

it('an exception in error is uncaught, error is called once, and what failed stays the failure', async () => {
  const script = peer.script('plain', { steps: [waitFor('message'), RESET] });
  const { lines, code } = await runProgram(`
    import { connect } from 'wirespeed/events';
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    await connect(${JSON.stringify(script.url)}, {
      error(ws, error) {
        console.log('error', ws.state, error.code, ws.send('x'));
        throw new Error('thrown in error');
      },
      open: (ws) => ws.send('go'),
      close: (ws, code) => console.log('close', ws.state, code),
    });`);
  expect(lines).toEqual([
    'error closed WS_TRANSPORT false',
    'close closed 1006',
    'uncaught thrown in error',
  ]);
  expect(code).toBe(0);
});

it.each(["'x'", "['x', 'y']"])(
  'a generator of masking keys that throws, or that sends, fails the connection once: %s',
  async (data) => {
    for (const generate of ["throw new Error('no key');", "if (ws?.send('again')) keys.fill(1);"]) {
      const script = peer.script('plain', { steps: [ECHO] });
      const { lines, code } = await runProgram(`
      import { connect } from 'wirespeed/events';
      let ws;
      const handlers = {
        error: (_, error) => console.log(error.code, error.cause.message),
        close: (_, code) => console.log('close', code),
      };
      ws = await connect(${JSON.stringify(script.url)}, handlers, {
        generateMaskingKey(keys) { ${generate} },
      });
      console.log(ws.send(${data}), ws.state, ws.send('y'));`);
      const reason = generate.startsWith('throw')
        ? 'no key'
        : data.startsWith('[')
          ? 'a fragmented message is being sent (RFC 6455 §5.4)'
          : 'a generator of masking keys must not send';
      expect(lines).toEqual([`WS_SEND ${reason}`, 'false closing false', 'close 1006']);
      expect(code).toBe(0);
    }
  },
);

it('an async handler that is rejected fails the connection with 1011, unless it was given a view', async () => {
  const program = (options: string): string => `
    import { connect } from 'wirespeed/events';
    process.on('uncaughtException', (error) => console.log('uncaught', error.name));
    await connect(url, {
      async message(ws, data) {
        await new Promise(setImmediate);
        console.log('kept', data);
        throw new RangeError('later');
      },
      error: (ws, error) => console.log(error.code),
    }, ${options});`;
  for (const [options, expected] of [
    ['{ views: false }', ['kept boom', 'WS_HANDLER', 'uncaught RangeError']],
    [
      '{}',
      ['WS_HANDLER', 'uncaught TypeError', expect.stringContaining('kept'), 'uncaught RangeError'],
    ],
  ] as const) {
    const script = peer.script('plain', { steps: [sendText('boom')] });
    const { lines } = await runProgram(
      `const url = ${JSON.stringify(script.url)};${program(options)}`,
    );
    expect(lines.slice(0, expected.length)).toEqual(expected);
    expect(closeCodeIn(await script.seen())).toBe(1011);
  }
});
