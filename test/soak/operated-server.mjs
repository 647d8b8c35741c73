// The server of operations.mjs: of the kind that is named, asked by messages of its parent.
import { createServer } from 'node:http';
import process from 'node:process';
import { attach, handleSignals, serve } from 'wirespeed/server';
import { WebSocketServer } from 'ws';

const [, , kind] = process.argv;
const ECHO = { message: (ws, data) => void ws.send(data) };

const kinds = { attached, ws, serve: served, counting };
const server = await kinds[kind]();

process.on('message', async (question) => {
  if (question === 'memory') {
    // Twice: what the first collection frees may keep other objects alive.
    for (let i = 0; i < 3; i++) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed } = process.memoryUsage();
    process.send({ rss, heap: heapUsed });
  } else if (question === 'stats') process.send(server.stats());
  else if (question === 'drain') process.send(await server.drain({ over: 5000 }));
});

function listen(http) {
  http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port }));
}

function attached() {
  const http = createServer();
  listen(http);
  return attach(http, {
    pingInterval: 0,
    request: ({ path }) => (path === '/no' ? { status: 403 } : undefined),
    handlers: ECHO,
  });
}

function ws() {
  const http = createServer();
  listen(http);
  const theirs = new WebSocketServer({ server: http, perMessageDeflate: false });
  theirs.on('connection', (connection) => {
    connection.on('message', (data, isBinary) => connection.send(data, { binary: isBinary }));
    connection.on('error', () => connection.terminate());
  });
  return theirs;
}

async function served() {
  const own = await serve({ host: '127.0.0.1', pingInterval: 0, handlers: ECHO });
  process.send({ port: own.port });
  return own;
}

/** Sends to every client as fast as it reads, and counts what was accepted for sending. */
async function counting() {
  const accepted = {};
  const push = (connection) => {
    const client = connection.request.path.slice(1);
    for (let i = 0; i < 20 && connection.state === 'open'; i++) {
      const before = connection.stats().messagesRefused;
      const hasRoom = connection.send('x'.repeat(300));
      if (connection.stats().messagesRefused === before)
        accepted[client] = (accepted[client] ?? 0) + 1;
      if (!hasRoom) return;
    }
    if (connection.state === 'open') setImmediate(push, connection);
  };
  let open = 0;
  const own = await serve({
    host: '127.0.0.1',
    handlers: {
      open(connection) {
        open++;
        push(connection);
      },
      drain: push,
      close() {
        open--;
        if (open === 0) process.send({ accepted }, () => process.disconnect());
      },
    },
  });
  handleSignals(own, { over: 1000 });
  process.send({ port: own.port });
  return own;
}
