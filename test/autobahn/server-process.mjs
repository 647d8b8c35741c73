// An echo server that the fuzzing client talks to; prints its URL.
import { serve } from 'wirespeed/server';
import { ECHO_OPTIONS } from './echo-options.mjs';

const server = await serve({
  host: '127.0.0.1',
  ...ECHO_OPTIONS,
  views: true,
  handlers: {
    message(ws, data, isText) {
      // Whoever does not take its echoes is read no further until it has.
      if (!ws.send(data, { text: isText })) ws.pause();
    },
    drain: (ws) => ws.resume(),
  },
});
console.log(server.url);
