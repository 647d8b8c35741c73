// A chat in a Hono application.
//
//   node examples/chat-hono.mjs [PORT]
import { readFileSync } from 'node:fs';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { attach, handleSignals } from 'wirespeed/server';

const page = readFileSync(new URL('chat.html', import.meta.url), 'utf8');
const app = new Hono();
app.get('/', (c) => c.html(page));

const http = serve({ fetch: app.fetch, port: Number(process.argv[2] ?? 8080) }, ({ port }) => {
  console.log(`http://localhost:${port}/`);
});
const chat = attach(http, {
  path: '/chat',
  handlers: {
    message(_, text) {
      for (const ws of chat.connections) ws.send(text);
    },
  },
});
handleSignals(chat);
