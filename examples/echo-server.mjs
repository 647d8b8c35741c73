// An echo server, and what the other examples use of it.
//
//   node examples/echo-server.mjs [PORT]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { serve } from 'wirespeed/server';

const self = fileURLToPath(import.meta.url);

/** Starts an echo server. */
export function startEcho(options = {}) {
  return serve({
    host: '127.0.0.1',
    ...options,
    handlers: {
      message(ws, data) {
        // A client that does not take its echoes is not read from until it does.
        if (!ws.send(data)) ws.pause();
      },
      drain(ws) {
        ws.resume();
      },
    },
  });
}

/** Returns the URL given on the command line, or that of an echo server in this process. */
export async function echoUrl() {
  if (process.argv[2] !== undefined) return process.argv[2];
  // It lets the process exit when everything else is done.
  return (await startEcho()).unref().url;
}

/** Returns the URL given on the command line, or that of an echo server in a process of its own. */
export async function echoUrlInAnotherProcess() {
  if (process.argv[2] !== undefined) return process.argv[2];
  const child = spawn(process.execPath, [self, '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill());
  const [line] = await once(child.stdout, 'data');
  child.stdout.destroy();
  child.unref();
  return String(line).trim().split(' ').at(-1);
}

if (process.argv[1] === self) {
  const server = await startEcho({ port: Number(process.argv[2] ?? 9001) });
  console.log(`listening on ${server.url}`);
  process.once('SIGINT', () => server.close());
}
