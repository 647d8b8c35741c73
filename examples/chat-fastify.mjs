// A chat in a Fastify application, each connection served by a function.
//
//   node examples/chat-fastify.mjs [PORT]
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { attach, handleSignals } from 'wirespeed/server';

const page = readFileSync(new URL('chat.html', import.meta.url));
const app = Fastify();
app.get('/', (_, reply) => reply.type('text/html').send(page));

const chat = attach(app.server, {
  path: '/chat',
  async connection(ws, request) {
    const name = request.query.get('name') ?? `guest ${request.remotePort}`;
    await ws.send(`welcome, ${name}`);
    for await (const text of ws) {
      for (const other of chat.connections) void other.send(`${name}: ${text}`);
    }
  },
});

handleSignals(chat);
// Fastify's own close waits for connections.
app.addHook('preClose', () => chat.close());
await app.listen({ port: Number(process.argv[2] ?? 8080), host: 'localhost' });
console.log(`http://localhost:${app.server.address().port}/`);
