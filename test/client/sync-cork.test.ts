/** `cork` of blocking calls: what is sent within leaves together, whatever happens meanwhile. */
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ECHO, peer, STOP_READING } from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';
import { connectTo } from './sync-connection.ts';

const LISTENERS = ['plain', 'tls'] as const;

describe.each(LISTENERS)('cork, %s', (listener) => {
  it('lets everything sent within leave together', async () => {
    const script = peer.script(listener, { steps: [ECHO] });
    const ws = connectTo(script);
    const before = (await script.seenSoFar())?.reads ?? 0;
    ws.cork((same) => {
      expect(same).toBe(ws);
      for (let i = 0; i < 50; i++) ws.send(`message ${i}`);
      ws.pong('p');
    });
    for (let i = 0; i < 50; i++) expect(ws.recv()).toBe(`message ${i}`);
    ws.close();
    const seen = await script.seen();
    expect(seen.frames).toHaveLength(52);
    expect(seen.reads - before).toBeLessThan(8);
  });

  it('lets what was sent within leave although the function throws, and throws that', () => {
    const ws = connectTo(peer.script(listener, { steps: [ECHO] }));
    expect(() =>
      ws.cork(() => {
        ws.send('before');
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(ws.recv()).toBe('before');
    ws.send('after');
    expect(ws.recv()).toBe('after');
  });

  it('sends what was sent before a call within that waits', () => {
    const ws = connectTo(peer.script(listener, { steps: [ECHO] }));
    ws.cork(() => {
      ws.send('asked');
      expect(ws.recv({ timeout: 10_000 })).toBe('asked');
      ws.send('and asked');
      expect(ws.ping('p', { timeout: 10_000 })).toBeGreaterThan(0);
      ws.cork(() => ws.send('within both'));
      ws.close();
    });
    expect(ws.state).toBe('closed');
    expect([...ws]).toEqual(['and asked', 'within both']);
  });

  it('keeps the messages of several connections apart, and of those that begin within it', () => {
    const { url } = peer.script(listener, { steps: [ECHO] });
    const [a, b] = [connectTo({ url }), connectTo({ url })];
    a.cork(() => {
      a.send('a 1');
      b.send('b 1');
      a.send('a 2');
      b.cork(() => {
        b.send('b 2');
        a.send('a 3');
        b.send('b 3');
      });
      const c = connectTo({ url });
      c.send('c 1');
      a.send('a 4');
      expect(c.recv()).toBe('c 1');
    });
    for (let i = 1; i <= 4; i++) expect(a.recv()).toBe(`a ${i}`);
    for (let i = 1; i <= 3; i++) expect(b.recv()).toBe(`b ${i}`);
  });

  it('sends more than its memory holds', () => {
    const ws = connectTo(peer.script(listener, { steps: [ECHO] }));
    const message = (i: number) => Buffer.alloc(40_000, i);
    ws.cork(() => {
      for (let i = 0; i < 30; i++) ws.send(message(i));
    });
    for (let i = 0; i < 30; i++) expect(message(i).equals(ws.recv() as Uint8Array)).toBe(true);
  });

  it('gives up after its timeout where the peer reads nothing, and keeps what has not left', () => {
    const ws = connectTo(peer.script(listener, { steps: [STOP_READING] }));
    const cork = () =>
      ws.cork(
        () => {
          for (let i = 0; i < 200; i++) ws.send(new Uint8Array(100_000), { timeout: 1 });
        },
        { timeout: 20 },
      );
    expect(cork).toThrow(expect.objectContaining({ operation: 'cork', timeout: 20 }));
    expect(ws.bufferedAmount).toBeGreaterThan(1_000_000);
    expect(ws.state).toBe('open');
  });

  it('lets what was sent within leave although it was cut off, and the next call works', async () => {
    const ws = connectTo(peer.script(listener, { steps: [ECHO] }));
    const endless = (): void =>
      ws.cork(() => {
        ws.send('within');
        for (;;);
      });
    expect(() => runInNewContext('endless()', { endless }, { timeout: 50 })).toThrow(/timed out/);
    await Promise.resolve();
    expect(ws.recv({ timeout: 10_000 })).toBe('within');
    ws.send('after');
    expect(ws.recv({ timeout: 10_000 })).toBe('after');
  });
});

it('lets what was sent within leave although the process exits there', async () => {
  const script = peer.script('plain', { steps: [ECHO] });
  await runProgram(
    `import { connect } from 'wirespeed/sync';
    const ws = connect(${JSON.stringify(script.url)});
    ws.cork(() => { ws.send('1'); ws.send('2'); process.exit(); });`,
  );
  expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 1]);
});

it('cork takes a function, and known options', () => {
  const ws = connectTo(peer.script('plain', { steps: [ECHO] }));
  expect(() => ws.cork(undefined as unknown as () => void)).toThrow(
    new TypeError('cork: it takes a function, not undefined'),
  );
  expect(() => ws.cork(() => {}, { timeout: -1 })).toThrow(/^cork: timeout/);
  expect(() => ws.cork(() => {}, { signal: 1 } as object)).toThrow(/^cork: .*signal/);
  ws.close();
  expect(() => ws.cork(() => ws.send('x'))).toThrow(/closed/);
});
