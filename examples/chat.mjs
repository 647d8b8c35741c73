// A chat on the port of its site.
//
//   node examples/chat.mjs [PORT]
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { attach, handleSignals } from 'wirespeed/server';

const page = readFileSync(new URL('chat.html', import.meta.url));
const http = createServer((_, response) =>
  response.setHeader('Content-Type', 'text/html').end(page),
);

const chat = attach(http, {
  path: '/chat',
  handlers: {
    message(_, text) {
      for (const ws of chat.connections) ws.send(text);
    },
  },
});

handleSignals(chat);
http.listen(process.argv[2] ?? 8080, () => console.log(`http://localhost:${chat.port}/`));
