/**
 * Which way of blocking I/O the sync client chooses, and that each works. The contract suite runs over
 * one of them at a time; `npm run test:node-matrix` runs it over all.
 */
import { describe, expect, it } from 'vitest';
import { BLOCKING_IO } from '../support/blocking-io.ts';
import { ECHO, peer } from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';

/** Counts the reads of `node:fs` and the instances of WASI; it begins before the library is loaded. */
const COUNTING = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const used = { fs: 0, wasi: 0 };
  const { readSync } = fs;
  fs.readSync = (...args) => { used.fs++; return readSync(...args); };
  syncBuiltinESMExports();
  const { emitWarning } = process;
  process.emitWarning = () => {};
  const { WASI } = process.getBuiltinModule('node:wasi');
  process.emitWarning = emitWarning;
  const { initialize } = WASI.prototype;
  WASI.prototype.initialize = function (...args) { used.wasi++; return initialize.apply(this, args); };
  const { connect } = await import('wirespeed/sync');
  // Some versions of Node.js load modules by this function.
  used.fs = 0;
  const say = (ws) => {
    ws.send('hello');
    const answer = ws.recv();
    const io = used.wasi > 0 ? 'wasi' : used.fs > 0 ? 'fs' : 'worker';
    console.log(answer, 'by', io);
    ws.close();
    used.wasi = used.fs = 0;
  };`;

/** Runs a program in which `PLAIN` and `SECURE` stand for the peer's URLs. */
function run(source: string, env: NodeJS.ProcessEnv = {}, flags: readonly string[] = []) {
  const urls = { PLAIN: 'plain', SECURE: 'tls' } as const;
  let program = source;
  for (const [name, listener] of Object.entries(urls)) {
    const { url } = peer.script(listener as 'plain' | 'tls', { steps: [ECHO] });
    program = program.replaceAll(name, JSON.stringify(url));
  }
  return runProgram(program, { env: { WIRESPEED_SYNC_IO: '', ...env }, flags });
}

describe('the sync client', () => {
  for (const io of BLOCKING_IO) {
    it(`uses ${io} where it is forced to, plain and over TLS`, async () => {
      const outcome = await run(`${COUNTING} say(connect(PLAIN)); say(connect(SECURE));`, {
        WIRESPEED_SYNC_IO: io,
      });
      const used = io.replace('-blocking', '');
      expect(outcome).toMatchObject({
        lines: [`hello by ${used}`, `hello by ${used}`],
        stderr: '',
      });
    });
  }

  it('tries wasi first', async () => {
    expect((await run(`${COUNTING} say(connect(PLAIN));`)).lines).toEqual(['hello by wasi']);
  });

  it('uses fs where WASI does not work', async () => {
    const { lines, stderr } = await run(`${COUNTING}
      WASI.prototype.initialize = () => { throw new Error('no WASI here'); };
      say(connect(PLAIN));
      say(connect(SECURE));`);
    expect(lines).toEqual(['hello by fs', 'hello by fs']);
    expect(stderr).toBe('');
  });

  it('uses fs where there is no WebAssembly', async () => {
    const { lines, stderr } = await run(`${COUNTING} say(connect(PLAIN));`, {}, ['--jitless']);
    expect(lines).toEqual(['hello by fs']);
    expect(stderr).not.toMatch(/wirespeed/);
  });

  it('leaves TLS to the worker where a private name of Node.js is missing', async () => {
    const { lines, stderr } = await run(
      `${COUNTING}
      const { Duplex } = await import('node:stream');
      const { connect: connectTls } = await import('node:tls');
      const engine = connectTls({ socket: new Duplex({ read() {}, write() {} }) });
      const wrap = Object.getPrototypeOf(engine._handle._parentWrap);
      engine.on('error', () => {});
      delete wrap.finishWrite;
      say(connect(SECURE));
      say(connect(PLAIN));`,
      { WIRESPEED_SYNC_IO: 'fs' },
    );
    expect(stderr).toBe('');
    expect(lines).toEqual(['hello by worker', 'hello by fs']);
  });

  it('says why the forced way does not work, and uses no other', async () => {
    const { lines } = await run(
      `${COUNTING}
      WASI.prototype.initialize = () => { throw new Error('no WASI here'); };
      try { connect(PLAIN); } catch (error) { console.log(error.code, error.message); }`,
      { WIRESPEED_SYNC_IO: 'wasi' },
    );
    expect(lines).toEqual([
      expect.stringMatching(
        /^WS_SYNC_UNSUPPORTED .*WIRESPEED_SYNC_IO forces 'wasi', which does not work: no WASI/,
      ),
    ]);
  });

  // Node.js 20 has the flag by another name.
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  for (const [allowed, expected] of [
    [['--allow-worker'], 'hello by fs'],
    [['--allow-worker', '--allow-wasi'], 'hello by wasi'],
  ] as const) {
    it(`works under ${permission} with ${allowed.join(' and ')}`, async () => {
      const flags = [permission, '--allow-fs-read=*', ...allowed];
      const { lines } = await run(
        `${COUNTING} say(connect(PLAIN)); say(connect(SECURE));`,
        {},
        flags,
      );
      expect(lines).toEqual([expected, expected]);
    });
  }

  it('says that it needs a worker where it may not start one', async () => {
    const { lines } = await run(
      `import { connect } from 'wirespeed/sync';
      for (let i = 0; i < 2; i++) {
        try { connect(PLAIN); } catch (error) { console.log(error.code, error.message, error.cause.code); }
      }`,
      {},
      [permission, '--allow-fs-read=*'],
    );
    const said = expect.stringMatching(
      /^WS_SYNC_UNSUPPORTED .*no worker thread can be started: .* ERR_ACCESS_DENIED$/,
    );
    expect(lines).toEqual([said, said]);
  });

  it('lists the ways of blocking I/O where an unknown one is forced', async () => {
    const { lines } = await run(
      `${COUNTING} try { connect(PLAIN); } catch (error) { console.log(error.code, error.message); }`,
      { WIRESPEED_SYNC_IO: 'epoll' },
    );
    expect(lines).toEqual([
      expect.stringMatching(
        /^WS_SYNC_UNSUPPORTED .*WIRESPEED_SYNC_IO must be one of wasi, fs-blocking, fs, worker, not 'epoll'/,
      ),
    ]);
  });
});

describe('the end of the process', () => {
  it.each(BLOCKING_IO)('loses nothing that was sent before: %s', async (io) => {
    const script = peer.script('plain', {});
    const { code } = await run(
      `import { connect } from 'wirespeed/sync';
      const ws = connect(${JSON.stringify(script.url)});
      for (let i = 0; i < 3; i++) ws.send(new Uint8Array(50_000));
      process.exit(0);`,
      { WIRESPEED_SYNC_IO: io },
    );
    expect(code).toBe(0);
    expect((await script.seen()).bytes).toBe(150_000);
  });
});
