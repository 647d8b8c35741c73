// The peer of the contract suite: a WebSocket server in a thread of its own, so that it answers a client
// that blocks the tests' thread. It shares no code with the library.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { parentPort } from 'node:worker_threads';
import { PeerConnection } from './connection.mjs';
import { tricklingStream } from './trickling-stream.mjs';

const certificate = (name) => readFileSync(new URL(`../certificates/${name}.pem`, import.meta.url));

/** What the peer listens for, each on a port of its own. */
const LISTENERS = {
  plain: {},
  trickle: { isTrickling: true },
  tls: { certificate: 'localhost' },
  tlsTrickle: { certificate: 'localhost', isTrickling: true },
  wrongHost: { certificate: 'wrong-host' },
  expired: { certificate: 'expired' },
  selfSigned: { certificate: 'self-signed' },
};

/** Connections by the id in their URL. */
const byId = new Map();
/** Requests of the tests about connections that have not ended. */
const waiting = new Set();

function listen({ isTrickling = false, certificate: name }) {
  const secureContext =
    name && createSecureContext({ cert: certificate(name), key: certificate('server-key') });
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (raw) => {
    // The TLS socket reports what happens to the TCP connection below it as well.
    raw.on('error', () => {});
    const onIdentified = (id, connection) => byId.set(id, connection);
    const listener = { onIdentified, onOver: answer };
    if (secureContext === undefined) {
      new PeerConnection({ raw, socket: raw, isTrickling, ...listener });
      return;
    }
    const below = isTrickling ? tricklingStream(raw) : raw;
    const options = { isServer: true, secureContext, allowHalfOpen: true };
    new PeerConnection({ raw, socket: new TLSSocket(below, options), ...listener });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

function answer() {
  for (const request of waiting) {
    const seen = byId.get(request.id)?.seen;
    if (request.atOnce || seen?.isOver) {
      waiting.delete(request);
      parentPort.postMessage({ number: request.number, seen });
    }
  }
}

parentPort.on('message', (request) => {
  if (request.goesOn) {
    byId.get(request.id)?.goOn();
    return;
  }
  waiting.add(request);
  answer();
});

const ports = {};
for (const [name, options] of Object.entries(LISTENERS)) ports[name] = await listen(options);
parentPort.postMessage({ ports });
