// An echo server that the fuzzing client talks to; prints its URL.
import { serve } from 'wirespeed/server';
import { ECHO_OPTIONS } from './echo-options.mjs';

const server = await serve({
  host: '127.0.0.1',
  ...ECHO_OPTIONS,
  views: true,
  handlers: {
    message(ws, data, isText) {
      // A client that does not take its echoes is not read from until it does.
      if (!ws.send(data, { text: isText })) ws.pause();
    },
    drain: (ws) => ws.resume(),
  },
});
console.log(server.url);
