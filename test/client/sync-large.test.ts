/**
 * Large messages of the sync client in both directions at once: neither end waits for the other.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { frame } from '../support/frames.ts';
import {
  closeCodeIn,
  ECHO,
  peer,
  READ_AGAIN,
  STOP_READING,
  sendBytes,
  sleep,
  waitFor,
} from '../support/peer/index.ts';
import { connectTo } from './sync-connection.ts';

const LARGE = 50_000_000;

/**
 * A server that sends while it reads. It sends as many bytes of messages as it has read, and reads on only
 * when the client has taken them.
 */
const REFLECTING = `
  const { createHash } = require('node:crypto');
  const { createServer } = require('node:net');
  const { parentPort } = require('node:worker_threads');
  const server = createServer((socket) => {
    socket.once('data', (head) => {
      const [, key] = /sec-websocket-key: (\\S+)/i.exec(head.toString('latin1'));
      const accept = createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
      socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
      socket.on('data', (chunk) => {
        const { length } = chunk;
        // RFC 6455 §5.2: "the minimal number of bytes MUST be used to encode the length".
        const size = length < 126 ? 2 : length < 65536 ? 4 : 10;
        const header = Buffer.alloc(size);
        header[0] = 0x82;
        header[1] = size === 2 ? length : size === 4 ? 126 : 127;
        if (size === 4) header.writeUInt16BE(length, 2);
        if (size === 10) header.writeUInt32BE(length, 6);
        socket.write(header);
        if (socket.write(chunk)) return;
        socket.pause();
        socket.once('drain', () => socket.resume());
      });
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

describe('large messages in both directions at once', () => {
  it('50 MB leave while the server sends as much, and reads no more than it can send', async () => {
    const worker = new Worker(REFLECTING, { eval: true });
    try {
      const [port] = await once(worker, 'message');
      const ws = connectTo({ url: `ws://127.0.0.1:${port}/` });
      ws.send(new Uint8Array(LARGE), { timeout: 20_000 });
      let received = 0;
      while (received < LARGE) received += ws.recv({ timeout: 5000 }).length;
      // The server sends back the header and the masking key of our frame, too.
      expect(received).toBe(LARGE + 14);
    } finally {
      await worker.terminate();
    }
  });

  for (const listener of ['plain', 'tls'] as const) {
    it(`a message of 50 MB comes back whole, ${listener}`, () => {
      const ws = connectTo(peer.script(listener, { steps: [ECHO] }));
      const large = new Uint8Array(LARGE);
      for (let at = 0; at < LARGE; at += 4096) large[at] = at >> 12;
      ws.send(large, { timeout: 20_000 });
      const back = ws.recv({ timeout: 20_000 }) as Uint8Array;
      expect(Buffer.compare(back, large)).toBe(0);
    });

    it(`a peer that pauses in the middle is waited for, ${listener}`, async () => {
      const script = peer.script(listener, {
        steps: [
          STOP_READING,
          sleep(100),
          READ_AGAIN,
          sleep(30),
          STOP_READING,
          sleep(50),
          READ_AGAIN,
        ],
      });
      const ws = connectTo(script);
      ws.send(new Uint8Array(LARGE), { timeout: 20_000 });
      ws.close();
      const seen = await script.seen();
      expect(seen.bytes).toBe(LARGE);
      expect(closeCodeIn(seen)).toBe(1000);
    });

    it(`pings that come while the peer reads nothing are answered as they came, ${listener}`, async () => {
      const pings = Array.from({ length: 5 }, (_, i) => frame({ opcode: 9, payload: `ping ${i}` }));
      const others = frame({ opcode: 2, payload: new Uint8Array(100_000).fill(0x21) });
      const script = peer.script(listener, {
        steps: [
          STOP_READING,
          sleep(50),
          ...pings.map((ping) => sendBytes(ping)),
          sendBytes(others, 5),
          sleep(100),
          READ_AGAIN,
          waitFor('over'),
        ],
      });
      const ws = connectTo(script);
      ws.send(new Uint8Array(20_000_000), { timeout: 20_000 });
      for (let i = 0; i < 5; i++) expect(ws.recv({ timeout: 5000 })).toHaveLength(100_000);
      ws.close();
      const { frames } = await script.seen();
      const pongs = frames
        .filter(({ opcode }) => opcode === 10)
        .map(({ payload }) => Buffer.from(payload ?? '', 'hex').toString());
      // One pong may answer several pings (RFC 6455 §5.5.3). The last ping is answered, with its payload.
      expect(pongs.at(-1)).toBe('ping 4');
      expect(pongs.every((pong) => /^ping \d$/.test(pong))).toBe(true);
    });
  }
});
