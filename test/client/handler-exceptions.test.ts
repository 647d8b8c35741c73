/**
 * What a handler throws is the program's own mistake: it surfaces as every other uncaught
 * exception does, and the connection is failed with 1011. In a process of its own, since nothing
 * else may catch it.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  closeCodeIn,
  Peer,
  type Step,
  send,
  sendClose,
  sendText,
  sleep,
} from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';

let peer: Peer;
beforeAll(async () => {
  peer = await Peer.start();
});
afterAll(() => peer.stop());

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
