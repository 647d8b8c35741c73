// Echo with the sync client: every call blocks until it is done.
//
//   node examples/echo-sync.mjs [ws://HOST:PORT/]
import { connect } from 'wirespeed/sync';
import { echoUrlInAnotherProcess } from './echo-server.mjs';

// The server cannot run on this thread, which blocks.
const ws = connect(await echoUrlInAnotherProcess());
try {
  ws.send('hello');
  console.log('received', ws.recv());

  ws.send(new Uint8Array([1, 2, 3]));
  console.log('received', ws.recv({ timeout: 1000 }));

  try {
    ws.recv({ timeout: 20 });
  } catch (error) {
    console.log(`${error.name}: ${error.message}`);
  }
  console.log('round trip of a ping:', ws.ping().toFixed(2), 'ms');
} finally {
  ws.close();
}
console.log('closed with', ws.closeCode);
