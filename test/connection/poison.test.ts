/**
 * With the debug switch on, a view is overwritten when its handler has returned, in the events client and in a
 * server.
 */
import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.ts';

/** Exchanges messages and control frames, and prints whether each view was overwritten after its handler. */
const PROGRAM = `
  import { connect } from 'wirespeed/events';
  import { serve } from 'wirespeed/server';
  const kept = [];
  const inside = [];
  const handlers = (end, echo) => {
    const keep = (what, data) => {
      inside.push(Buffer.from(data).toString());
      // This runs before the next read, which overwrites the same memory.
      queueMicrotask(() => {
        const isPoisoned = data.every((byte) => byte === 0xdb);
        kept.push(end + ' ' + what + (isPoisoned ? ' poisoned' : ' left'));
      });
    };
    const message = (ws, data, isText) => {
      keep('message', data);
      echo?.(ws, data, isText);
    };
    return {
      ...(process.env.FRAMES === '1'
        ? { frame: (ws, { payload, opcode }) => message(ws, payload, opcode === 1) }
        : { message }),
      ping: (_, data) => keep('ping', data),
      pong: (_, data) => keep('pong', data),
    };
  };
  const options = { perMessageDeflate: { threshold: 1000 } };
  const server = await serve({
    host: '127.0.0.1',
    ...options,
    views: true,
    handlers: handlers('server', (ws, data, text) => void ws.send(data, { text })),
  });
  const ws = await connect(server.url, { ...handlers('client'), close: end }, options);
  const large = 'large '.repeat(4000);
  const sent = ['hello', new TextEncoder().encode('binary'), 'compressed '.repeat(200), large];
  for (const data of sent) ws.send(data);
  ws.ping('ping');
  for (const connection of server.connections) connection.ping('gnip');
  const timer = setInterval(() => {
    if (inside.length < 12) return;
    clearInterval(timer);
    ws.close();
  }, 5);
  function end() {
    const texts = sent.map((data) => Buffer.from(data).toString());
    const told = [...texts, ...texts, 'ping', 'ping', 'gnip', 'gnip'].sort();
    const isRight = JSON.stringify(inside.sort()) === JSON.stringify(told);
    console.log(isRight ? 'right inside' : 'wrong inside: ' + inside.map((text) => text.slice(0, 20)));
    for (const line of kept) console.log(line);
    server.close();
  }`;

const PLACES = ['client message', 'client ping', 'client pong', 'server message', 'server ping'];

async function run(env: NodeJS.ProcessEnv): Promise<string[]> {
  const { lines, stderr } = await runProgram(PROGRAM, { env });
  expect(stderr).toBe('');
  const [verdict, ...others] = lines;
  expect(verdict).toBe('right inside');
  expect(others).toHaveLength(12);
  return others;
}

describe.each([
  ['messages', ''],
  ['frames', '1'],
])('a view of %s, pings and pongs', (_, Frames) => {
  it('is overwritten when its handler has returned, with WIRESPEED_POISON_VIEWS=1', async () => {
    const lines = await run({ WIRESPEED_POISON_VIEWS: '1', FRAMES: Frames });
    expect(lines.filter((line) => !line.endsWith(' poisoned'))).toEqual([]);
    for (const place of PLACES) expect(lines).toContain(`${place} poisoned`);
  });

  it('is left as it is without the switch', async () => {
    for (const value of ['', '0']) {
      const lines = await run({ WIRESPEED_POISON_VIEWS: value, FRAMES: Frames });
      expect(lines.filter((line) => line.endsWith(' poisoned'))).toEqual([]);
    }
  });
});
