/**
 * Wirespeed's clients at a server of Bun.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from 'wirespeed';
import { exchangeLengths, haveClosed, LENGTHS, sendFragments } from './exchange.ts';
import { findBun } from './peers.mjs';

const SCRIPT = fileURLToPath(new URL('bun-server.mjs', import.meta.url));
const { path: bun } = findBun();

describe.runIf(bun !== undefined)("Wirespeed's client at a server of Bun", () => {
  let server: ChildProcess;
  let lines: Interface;
  let url: string;
  beforeAll(async () => {
    server = spawn(bun as string, ['run', '--no-install', SCRIPT], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    lines = createInterface(server.stdout as NodeJS.ReadableStream);
    const [line] = (await once(lines, 'line')) as [string];
    url = `ws://127.0.0.1:${line.split(' ')[1]}/`;
  });
  afterAll(() => server.kill());

  it.each([
    ['plain', undefined, ''],
    ['compressed', { threshold: 0 }, /^permessage-deflate/],
  ])(
    'exchanges %s text and binary of every length form',
    async (_, perMessageDeflate, extensions) => {
      const ws = await connect(url, { perMessageDeflate });
      expect(ws.extensions).toMatch(extensions);
      await exchangeLengths(ws, [...LENGTHS, 8 * 1024 * 1024]);
      await sendFragments(ws);
      await ws.close();
    },
  );

  it('agrees on a subprotocol, and on no compression that it did not offer', async () => {
    const ws = await connect(url, { protocols: ['a', 'b'] });
    expect([ws.protocol, ws.extensions]).toEqual(['b', '']);
    await ws.close();
  });

  it('pings and answers pings', async () => {
    const ws = await connect(url);
    expect(await ws.ping()).toBeGreaterThanOrEqual(0);
    await ws.send('ping me');
    expect(await ws.recv()).toBe('pong: are you there?');
    await ws.close();
  });

  it('closes, and is closed, with a code and a reason', async () => {
    const closing = await connect(url);
    const [[line]] = await Promise.all([once(lines, 'line'), closing.close(4001, 'enough')]);
    expect(line).toBe('closed 4001 enough');
    expect(closing.closeCode).toBe(4001);
    await haveClosed(await connect(url));
  });

  it('sees that a connection is lost', async () => {
    const ws = await connect(url);
    await ws.send('leave me');
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 1006 });
  });
});
