// A chat in an Express application: who has logged in, by a cookie, may join from the site's own pages.
//
//   node examples/chat-express.mjs [PORT]
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { attach, handleSignals } from 'wirespeed/server';

const SECRET = randomBytes(32);
const signature = (name) => createHmac('sha256', SECRET).update(name).digest('base64url');

/** Returns the name in a cookie that this server has made; `undefined` for any other cookie. */
function nameIn(cookie = '') {
  const dot = cookie.lastIndexOf('.');
  const name = cookie.slice(0, Math.max(0, dot));
  const [given, right] = [cookie.slice(dot + 1), signature(name)].map((text) => Buffer.from(text));
  return given.length === right.length && timingSafeEqual(given, right) ? name : undefined;
}

const app = express();
app.get('/', (_, response) => {
  response.sendFile(fileURLToPath(new URL('chat.html', import.meta.url)));
});
app.post('/login', express.urlencoded({ extended: false }), (request, response) => {
  const name = String(request.body.name).slice(0, 40);
  const cookie = `${name}.${signature(name)}`;
  response.cookie('user', cookie, { httpOnly: true, sameSite: 'strict' }).redirect(303, '/');
});

const http = app.listen(process.argv[2] ?? 8080, () => {
  console.log(`http://localhost:${chat.port}/`);
});
const chat = attach(http, {
  path: '/chat',
  limits: { perIp: 50, messagesPerSecond: 20 },
  request({ origin, host, cookies }) {
    // Another site's page would send the cookie as well, so the origin must be ours.
    if (origin !== `http://${host}`)
      return { status: 403, body: 'this chat is for its own site\n' };
    const name = nameIn(cookies.get('user'));
    return name === undefined ? { status: 401, body: 'log in first\n' } : { data: { name } };
  },
  handlers: {
    message(from, text) {
      for (const ws of chat.connections) ws.send(`${from.data.name}: ${text}`);
    },
  },
});
handleSignals(chat);
