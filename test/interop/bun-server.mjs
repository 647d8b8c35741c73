// An echo server of Bun's, which compresses and does what it is told. Prints its port.
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, server) {
    const protocols = request.headers.get('sec-websocket-protocol')?.split(/, */) ?? [];
    const headers = protocols.length > 0 ? { 'Sec-WebSocket-Protocol': protocols.at(-1) } : {};
    if (!server.upgrade(request, { headers })) return new Response('no upgrade', { status: 400 });
  },
  websocket: {
    maxPayloadLength: 64 * 1024 * 1024,
    perMessageDeflate: true,
    message(ws, message) {
      if (message === 'close me') ws.close(4000, 'as you wish');
      else if (message === 'leave me') ws.terminate();
      else if (message === 'ping me') ws.ping('are you there?');
      else ws.send(message, true);
    },
    pong(ws, data) {
      ws.send(`pong: ${data}`);
    },
    close(_, code, reason) {
      console.log(`closed ${code} ${reason}`);
    },
  },
});
console.log(`listening ${server.port}`);
