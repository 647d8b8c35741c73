/** ws's echo server. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import process from 'node:process';
import { WebSocketServer } from 'ws';
import { serviceOf } from './service.mjs';

const [certificate, key] = process.argv.slice(2);
const http = certificate
  ? createSecureServer({ cert: readFileSync(certificate), key: readFileSync(String(key)) })
  : createServer();
const server = new WebSocketServer({
  server: http,
  perMessageDeflate: false,
  maxPayload: 64 * 1024 * 1024,
});
http.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (http.address());
  console.log(`listening on ${certificate ? 'wss' : 'ws'}://127.0.0.1:${port}/`);
});
server.on('connection', (ws, { url }) => {
  const serve = serviceOf(url ?? '/');
  ws.on('message', (data, isBinary) => {
    serve(/** @type {Buffer} */ (data), (reply) => ws.send(reply, { binary: isBinary }));
  });
  // A client that leaves early is reported by its own process.
  ws.on('error', () => ws.terminate());
});
