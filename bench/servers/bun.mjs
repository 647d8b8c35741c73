/** Bun's echo server, run by Bun's own binary. */
import process from 'node:process';
import { serviceOf } from './service.mjs';

const MAX_MESSAGE_SIZE = 64 * 1024 * 1024;

const [certificate, key] = process.argv.slice(2);
const isCompressing = process.env.BENCH_COMPRESSION === '1';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  tls: certificate ? { cert: Bun.file(certificate), key: Bun.file(String(key)) } : undefined,
  fetch(request, self) {
    const data = serviceOf(new URL(request.url).pathname);
    return self.upgrade(request, { data })
      ? undefined
      : new Response('WebSocket only', { status: 426 });
  },
  websocket: {
    perMessageDeflate: isCompressing,
    maxPayloadLength: MAX_MESSAGE_SIZE,
    // Replies that the socket does not take at once wait within this limit. A client has at most its window in flight, so
    // it is never reached. If it were, the connection would close, and no reply would be lost unnoticed.
    backpressureLimit: 16 * MAX_MESSAGE_SIZE,
    closeOnBackpressureLimit: true,
    message(ws, message) {
      ws.data(message, (reply) => {
        if (ws.send(reply, isCompressing) === 0) ws.close(1011, 'a reply was dropped');
      });
    },
  },
});
console.log(`listening on ${certificate ? 'wss' : 'ws'}://127.0.0.1:${server.port}/`);
