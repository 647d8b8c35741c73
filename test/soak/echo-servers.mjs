// Runs echo servers in a process of their own, plain and over TLS, for clients that block their thread.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);

/** Returns a certificate or a key of the tests. */
export function certificate(name) {
  return readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));
}

/** Starts the servers. Returns their URLs and a function that ends them. */
export async function startEchoServers() {
  const child = spawn(process.execPath, [self], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [plain, tls] = String(await once(child.stdout, 'data'))
    .trim()
    .split(' ');
  return { plain, tls, stop: () => child.kill() };
}

if (process.argv[1] === self) {
  const { serve } = await import('wirespeed/server');
  const options = {
    host: '127.0.0.1',
    maxMessageSize: 2 ** 20,
    handlers: { message: (ws, data, isText) => void ws.send(data, { text: isText }) },
  };
  const plain = await serve(options);
  const tls = { cert: certificate('localhost'), key: certificate('server-key') };
  const secure = await serve({ ...options, tls });
  console.log(plain.url, secure.url);
}
