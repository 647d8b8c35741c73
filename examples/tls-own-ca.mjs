// wss: with a certificate authority of your own, in the async and the sync client.
//
//   node examples/tls-own-ca.mjs
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connect } from 'wirespeed';
import { connect as connectSync } from 'wirespeed/sync';
import { startEcho } from './echo-server.mjs';

const self = fileURLToPath(import.meta.url);
// The certificates of the tests: an authority, and a server's for `localhost` signed by it.
const certificate = (name) =>
  readFileSync(new URL(`../test/support/certificates/${name}`, import.meta.url));

if (process.argv[2] === 'serve') {
  const tls = { key: certificate('server-key.pem'), cert: certificate('localhost.pem') };
  console.log((await startEcho({ tls })).port);
} else {
  const child = spawn(process.execPath, [self, 'serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const url = `wss://localhost:${Number(line)}/`;
  const tls = { ca: certificate('authority.pem') };

  const ws = await connect(url, { tls });
  await ws.send('over TLS');
  console.log('async received', await ws.recv());
  await ws.close();

  const blocking = connectSync(url, { tls });
  blocking.send('over TLS, blocking');
  console.log('sync received', blocking.recv());
  blocking.close();

  // Without the authority the certificate is refused.
  await connect(url).catch((error) => console.log(`${error.name}: ${error.message}`));
  child.kill();
}
