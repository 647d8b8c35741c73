// A connection of the async client, driven by blocking calls for a while: where code cannot await.
//
//   node examples/sync-for-a-while.mjs [ws://HOST:PORT/]
import { connect } from 'wirespeed';
import { toAsync, toSync } from 'wirespeed/sync';
import { echoUrlInAnotherProcess } from './echo-server.mjs';

// The server cannot run on this thread, which blocks now and then.
const ws = await connect(await echoUrlInAnotherProcess());

/** Asks the server, and returns what it answers: no promise. */
function ask(question) {
  const blocking = toSync(ws);
  try {
    blocking.send(question);
    return blocking.recv({ timeout: 1000 });
  } finally {
    toAsync(blocking);
  }
}

await ws.send('in the async way');
console.log('received', await ws.recv());

// Such a function is called where promises are of no use: by a comparator, a getter, a replacer.
const template = 'Dear {name}, your {thing} is ready.';
console.log(template.replace(/\{(\w+)\}/g, (_, word) => ask(word.toUpperCase())));

await ws.send('in the async way again');
console.log('received', await ws.recv());
await ws.close();
console.log('closed with', ws.closeCode);
