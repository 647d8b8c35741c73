// A TLS server in a thread of its own. Its first message says what it knows about the client: the
// requested server name, the protocols, the client's certificate, and whether a session was resumed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';
import { parentPort } from 'node:worker_threads';

const file = (name) => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url));
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function answer(socket, head) {
  const [, key] = /sec-websocket-key: (\S+)/i.exec(head);
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  const report = Buffer.from(
    JSON.stringify({
      servername: socket.servername || undefined,
      alpn: socket.alpnProtocol,
      version: socket.getProtocol(),
      cipher: socket.getCipher().name,
      remoteAddress: socket.remoteAddress,
      remotePort: socket.remotePort,
      client: socket.getPeerCertificate().subject?.CN,
      isResumed: socket.isSessionReused(),
    }),
  );
  // RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the length".
  const length =
    report.length < 126 ? [report.length] : [126, report.length >> 8, report.length & 255];
  const frame = Buffer.concat([Buffer.from([0x81, ...length]), report]);
  const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
  socket.write(frame);
}

/** Listens, and asks for a client's certificate, or insists on one that it knows. */
function listen(options) {
  const server = createServer({
    cert: file('localhost'),
    key: file('server-key'),
    ca: [file('self-signed')],
    ALPNProtocols: ['http/1.1'],
    requestCert: true,
    // Without a wait for the acknowledgement of the response, which the client delays.
    noDelay: true,
    ...options,
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    socket.once('data', (head) => answer(socket, head.toString('latin1')));
  });
  server.on('tlsClientError', () => {});
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

parentPort.postMessage({
  asking: await listen({ rejectUnauthorized: false }),
  insisting: await listen({ rejectUnauthorized: true }),
  elsewhere: await listen({ rejectUnauthorized: false, cert: file('wrong-host') }),
});
