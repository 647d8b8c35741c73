// A chat on the port of Vite's dev server, beside Vite's own WebSocket, which reloads the page.
//
//   node examples/chat-vite.mjs [PORT]
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { attach } from 'wirespeed/server';

/** A plugin as it would stand in vite.config.js. */
const chatPlugin = {
  name: 'chat',
  configureServer(vite) {
    const chat = attach(vite.httpServer, {
      path: '/chat',
      handlers: {
        message(_, text) {
          for (const ws of chat.connections) ws.send(text);
        },
      },
    });
    vite.middlewares.use(async (request, response, next) => {
      if (request.url !== '/') return next();
      const html = readFileSync(new URL('chat.html', import.meta.url), 'utf8');
      response.setHeader('Content-Type', 'text/html');
      response.end(await vite.transformIndexHtml(request.url, html));
    });
  },
};

const vite = await createServer({
  configFile: false,
  root: fileURLToPath(new URL('.', import.meta.url)),
  server: { port: Number(process.argv[2] ?? 8080), host: 'localhost' },
  plugins: [chatPlugin],
  logLevel: 'error',
  appType: 'custom',
});
await vite.listen();
console.log(`http://localhost:${vite.httpServer.address().port}/`);
