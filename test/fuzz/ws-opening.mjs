// Runs an opening handshake with the server or the client of `ws`, without a socket.
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { sha1Base64 } from './watched-session.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Turns of the event loop after which nothing more is expected. */
const TURNS = 8;

/** One end of a connection. The bytes that are written to it are collected. */
class Wire extends Duplex {
  written = Buffer.alloc(0);
  isAnswered = false;

  constructor(onWrite = () => {}) {
    super({
      read() {},
      write(chunk, _encoding, done) {
        this.written = Buffer.concat([this.written, chunk]);
        onWrite(this);
        done();
      },
    });
    this.on('error', () => {});
  }

  setTimeout() {}
  setNoDelay() {}
  setKeepAlive() {}
  ref() {}
  unref() {}
}

async function settle(isDone) {
  for (let turn = 0; turn < TURNS && !isDone(); turn++) await new Promise(setImmediate);
}

function makeServer() {
  const http = createServer((_request, response) => response.writeHead(426).end());
  const options = { server: http, perMessageDeflate: { threshold: 0 } };
  const server = new WebSocketServer({
    ...options,
    handleProtocols: (protocols) => [...protocols][0],
  });
  server.on('connection', (ws) => ws.on('error', () => {}));
  return http;
}

let http;

/** Gives a request to a server of `ws`. Returns the answer in Latin-1, empty if there is none yet. */
export async function wsServerAnswer(head) {
  http ??= makeServer();
  const wire = new Wire();
  http.emit('connection', wire);
  wire.push(Buffer.from(head));
  await settle(() => wire.written.length > 0 || wire.destroyed);
  // The answer may come in several writes.
  await new Promise(setImmediate);
  const answer = wire.written.toString('latin1');
  wire.destroy();
  return answer;
}

/** Gives a response to a client of `ws`. `answerTo` makes it from the answer to the client's key. */
export async function wsClientVerdict(answerTo, protocols) {
  const wire = new Wire((end) => {
    if (!end.written.includes('\r\n\r\n') || end.isAnswered) return;
    end.isAnswered = true;
    const [, key] = /sec-websocket-key: (.*)\r\n/i.exec(end.written.toString('latin1'));
    setImmediate(() => end.push(Buffer.from(answerTo(sha1Base64(key + GUID)))));
  });
  const ws = new WebSocket('ws://server.example.com/chat', protocols, {
    createConnection: () => wire,
    perMessageDeflate: true,
  });
  let verdict = { kind: 'waits' };
  ws.on('open', () => {
    verdict = { kind: 'open', protocol: ws.protocol, extensions: ws.extensions };
  });
  ws.on('error', (error) => {
    if (verdict.kind === 'waits') verdict = { kind: 'fails', why: error.message };
  });
  await settle(() => verdict.kind !== 'waits');
  ws.terminate();
  wire.destroy();
  return verdict;
}
