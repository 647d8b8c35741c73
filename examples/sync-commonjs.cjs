// The sync client in CommonJS: no import, no await, no callback. The REPL takes the same lines.
//
//   node examples/sync-commonjs.cjs [ws://HOST:PORT/]
const { spawn } = require('node:child_process');
const { closeSync, mkdtempSync, openSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { connect } = require('wirespeed/sync');

/** Starts an echo server in another process, and blocks until it says where it listens. */
function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'wirespeed-example-'));
  const log = join(folder, 'server.log');
  const file = openSync(log, 'w');
  const child = spawn(process.execPath, [join(__dirname, 'echo-server.mjs'), '0'], {
    stdio: ['ignore', file, 'inherit'],
  });
  child.unref();
  closeSync(file);
  process.once('exit', () => {
    child.kill();
    rmSync(folder, { recursive: true });
  });
  for (;;) {
    const url = /ws:\S+/.exec(readFileSync(log, 'utf8'));
    if (url !== null) return url[0];
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}

const ws = connect(process.argv[2] ?? startServer());
ws.send('hello');
console.log('received', ws.recv({ timeout: 5000 }));
ws.close();
console.log('closed with', ws.closeCode);
