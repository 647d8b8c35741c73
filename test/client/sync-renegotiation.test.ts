/**
 * TLS of the sync client while a server of TLS 1.2 negotiates anew. Nothing can be encrypted until that is
 * over, and what is sent meanwhile waits in the engine.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { connect } from 'wirespeed/sync';
import { ECHO, peer } from '../support/peer/index.ts';

const file = (name: string): string =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url), 'utf8');

/** Does TLS in front of a plain server, and negotiates anew once the first message has come back. */
const RENEGOTIATING = `
  const { connect } = require('node:net');
  const { createServer } = require('node:tls');
  const { parentPort, workerData } = require('node:worker_threads');
  const { cert, key, port } = workerData;
  const server = createServer({ cert, key, maxVersion: 'TLSv1.2' }, (socket) => {
    const below = connect(port, '127.0.0.1');
    socket.pipe(below);
    let answers = 0;
    below.on('data', (chunk) => {
      // The first answer is the response to the opening handshake.
      if (++answers === 2) {
        socket.renegotiate({}, (error) => parentPort.postMessage(error?.message ?? 'renegotiated'));
      }
      socket.write(chunk);
    });
    for (const each of [socket, below]) each.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

it('what is sent while the server negotiates anew arrives as it was sent', async () => {
  const { host, pathname, search } = new URL(peer.script('plain', { steps: [ECHO] }).url);
  const workerData = {
    cert: file('localhost'),
    key: file('server-key'),
    port: Number(host.split(':')[1]),
  };
  const worker = new Worker(RENEGOTIATING, { eval: true, workerData });
  try {
    const [port] = await once(worker, 'message');
    const told = once(worker, 'message');
    const url = `wss://127.0.0.1:${port}${pathname}${search}`;
    const ws = connect(url, { tls: { rejectUnauthorized: false }, receiveTimeout: 5000 });
    const messages = Array.from({ length: 6 }, (_, i) => new Uint8Array(300).fill(i + 1));
    const [first, ...others] = messages as [Uint8Array, ...Uint8Array[]];
    ws.send(first);
    expect(ws.recv()).toEqual(first);
    for (const message of others) ws.send(message);
    for (const message of others) expect(ws.recv()).toEqual(message);
    ws.terminate();
    expect(await told).toEqual(['renegotiated']);
  } finally {
    await worker.terminate();
  }
});
