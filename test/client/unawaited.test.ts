/**
 * Promises that nobody awaits: nothing that a peer does ends the process by one of them. Each program runs in a
 * process of its own, which an unhandled rejection would end.
 */
import { describe, expect, it } from 'vitest';
import { ECHO, peer, RESET, STOP_READING, sleep } from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';

/** Calls on `ws` that are rejected when the peer resets the connection, or does not answer in time. */
const CALLS: Readonly<Record<string, string>> = {
  'a send that waits for room': 'ws.send(new Uint8Array(32_000_000));',
  'a send with a signal': 'ws.send(big, { signal: new AbortController().signal });',
  'a send whose signal aborts': 'ws.send(big, { signal: AbortSignal.timeout(20) });',
  'a send of a Blob': 'ws.send(new Blob([big]));',
  'a send of an array': 'ws.send([big, big]);',
  'a send of an iterable': 'ws.send((function* () { for (;;) yield big; })());',
  'a send of an iterable that throws':
    "ws.send((function* () { yield big; throw new Error('no more'); })());",
  'a send of an iterable whose return throws': `ws.send({ [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return() { throw new Error('no end'); },
    }) });`,
  'sends that wait for their turn': "ws.send(new Blob([big])); ws.send('a'); ws.send(['b']);",
  'a send after the end': "ws.recv().catch(() => { ws.send('late'); });",
  'a ping': 'ws.ping();',
  'a ping after the end': 'ws.recv().catch(() => { ws.ping(); });',
  'a recv': 'ws.recv();',
  'a recv with a timeout': 'ws.recv({ timeout: 20 });',
  'a recv with a signal': 'ws.recv({ signal: AbortSignal.timeout(20) });',
  'two recvs': 'ws.recv(); ws.recv();',
  'a recv after the end': 'ws.recv().catch(() => { ws.recv(); });',
  'a step of an iteration': 'ws[Symbol.asyncIterator]().next();',
  'steps of an iteration':
    'const iterator = ws[Symbol.asyncIterator](); iterator.next(); iterator.next();',
  'a close with a signal': 'ws.close(1000, "", { signal: AbortSignal.timeout(20) });',
  'a close behind a send': 'ws.send(new Blob([big])); ws.close();',
  'a disposal behind a send': 'ws.send(new Blob([big])); ws[Symbol.asyncDispose]();',
};

function program(url: string, calls: string): string {
  return `
    import { connect } from 'wirespeed';
    const ws = await connect(${JSON.stringify(url)});
    const big = new Uint8Array(16_000_000);
    const ended = new Promise((resolve) => setInterval(() => ws.state === 'closed' && resolve(), 2));
    ${calls}
    await ended;
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log('lives');
    process.exit();`;
}

describe('a peer that resets the connection does not end a process that does not await', () => {
  it.concurrent.each(Object.entries(CALLS))('%s', async (_, calls) => {
    const script = peer.script('plain', { steps: [STOP_READING, sleep(50), RESET] });
    const { lines, stderr } = await runProgram(program(script.url, calls));
    expect(stderr).toBe('');
    expect(lines).toEqual(['lives']);
  });
});

it('who awaits still gets the error', async () => {
  const script = peer.script('plain', { steps: [STOP_READING, sleep(50), RESET] });
  const { lines } = await runProgram(
    program(
      script.url,
      `const calls = [ws.send(big), ws.send(new Blob([big])), ws.recv(), ws.ping()];
      for (const { reason } of await Promise.allSettled(calls)) console.log(reason.code);`,
    ),
  );
  expect(lines).toEqual([...new Array(4).fill('WS_CONNECTION_CLOSED'), 'lives']);
});

it.concurrent.each([
  ['data', 'ws.send(42);'],
  ['a piece of an array', "ws.send(['a', 42]);"],
  ['a signal', "ws.send('a', { signal: {} });"],
  ['a timeout', 'ws.recv({ timeout: -1 });'],
  ['the payload of a ping', "ws.ping('x'.repeat(126));"],
  ['a close code', 'ws.close(999);'],
])('a wrong argument surfaces although nobody awaits: %s', async (_, call) => {
  const script = peer.script('plain', { steps: [ECHO] });
  const { code, stderr } = await runProgram(program(script.url, call));
  expect(code).toBe(1);
  expect(stderr).toMatch(/(Type|Range|LocalProtocol)Error/);
});
