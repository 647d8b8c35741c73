/** An echo client of each client: connects, sends every message back as what it was, and returns at the end. */
import { connect } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { connect as connectSync } from 'wirespeed/sync';

async function echoAsync(url, options) {
  const ws = await connect(url, options);
  for await (const message of ws) await ws.send(message);
}

function echoEvents(url, options) {
  return new Promise((resolve, reject) => {
    const handlers = {
      message(ws, data, isText) {
        // A client that does not take its echoes is not read from until it does.
        if (!ws.send(data, { text: isText })) ws.pause();
      },
      drain: (ws) => ws.resume(),
      close: () => resolve(),
    };
    connectEvents(url, handlers, options).catch(reject);
  });
}

async function echoSync(url, options) {
  const ws = connectSync(url, options);
  for (const message of ws) ws.send(message);
}

export const ECHO_CLIENTS = { async: echoAsync, events: echoEvents, sync: echoSync };
