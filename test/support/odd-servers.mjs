// Servers that are no WebSocket servers, each in another way. They run in a thread of their own, so
// that they answer a client that blocks the tests' thread. The thread posts their ports by name.
import { readFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createTcp } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { parentPort } from 'node:worker_threads';

const certificate = (name) => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url));
const key = certificate('server-key');

/** A server that sends these bytes to every client, and waits. */
const greeting = (bytes) => createTcp((socket) => socket.on('error', () => {}).write(bytes));

const answering = (status, headers, body = '') =>
  createHttp((_request, response) => response.writeHead(status, headers).end(body));

const securely = (options) => {
  const server = createTls({ cert: certificate('localhost'), key, ...options }, (socket) => {
    socket.on('error', () => {});
  });
  return server.on('tlsClientError', () => {});
};

const SERVERS = {
  ssh: greeting('SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5\r\n'),
  smtp: greeting('220 mail.example ESMTP'),
  binary: greeting(Buffer.from([0, 0, 18, 4, 0, 0x9b])),
  alert: greeting(Buffer.from('15030300020246', 'hex')),
  ending: createTcp((socket) => socket.on('error', () => {}).end()),
  resetting: createTcp((socket) => {
    socket.on('error', () => {}).once('data', () => socket.resetAndDestroy());
  }),
  cut: createTcp((socket) => socket.on('error', () => {}).end('HTTP/1.1 101 Swit')),
  redirect: answering(302, { Location: 'https://me:hidden@other.example/feed?token=hidden' }),
  relativeRedirect: answering(308, { Location: '/login' }),
  strangeRedirect: answering(301, { Location: 'http://[' }),
  notModified: answering(304, {}),
  nginx: answering(400, {}, '<title>400 The plain HTTP request was sent to HTTPS port</title>'),
  apache: answering(400, {}, "You're speaking plain HTTP to an SSL-enabled server port."),
  go: answering(400, {}, 'Client sent an HTTP request to an HTTPS server.\n'),
  badRequest: answering(400, {}, 'no'),
  tls: securely({}),
  notYetValid: securely({ cert: certificate('not-yet-valid') }),
  wrongPurpose: securely({ cert: certificate('wrong-purpose') }),
  revoked: securely({ cert: certificate('revoked') }),
  oldTls: securely({ maxVersion: 'TLSv1.2' }),
  http2: securely({ ALPNProtocols: ['h2'] }),
  cipher: securely({ ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }),
  insisting: securely({ requestCert: true, ca: certificate('authority') }),
  insistingOnOld: securely({
    requestCert: true,
    ca: certificate('authority'),
    maxVersion: 'TLSv1.2',
  }),
};

const ports = {};
for (const [name, server] of Object.entries(SERVERS)) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  ports[name] = server.address().port;
}
parentPort.postMessage(ports);
