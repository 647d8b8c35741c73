import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { connect } from 'wirespeed';

const command = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url));

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill();
});

it('wirespeed echo listens on this machine alone, unless it is told another address', async () => {
  for (const [args, shown, isOpenToOthers] of [
    [[], '127.0.0.1', false],
    [['--host', '0.0.0.0'], '127.0.0.1', true],
    [['--host', '127.0.0.2'], '127.0.0.2', true],
  ] as const) {
    child = spawn(process.execPath, [command, 'echo', '--port', '0', ...args]);
    const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    const [, url = '', port] = /listening on (ws:\S+:(\d+)\/)\n/.exec(String(line)) ?? [];
    expect(url).toBe(`ws://${shown}:${port}/`);
    const ws = await connect(url);
    await ws.send('hello');
    expect(await ws.recv()).toBe('hello');
    await ws.close();
    // Another address of the loopback interface stands for the address of another interface.
    const other = await connect(`ws://127.0.0.2:${port}/`).catch(() => undefined);
    expect(other !== undefined).toBe(isOpenToOthers);
    await other?.close();
    child.kill();
    await once(child, 'exit');
  }
});
