// Echo with the events client: callbacks with views of the receive buffer.
//
//   node examples/echo-events.mjs [ws://HOST:PORT/]
import { connect } from 'wirespeed/events';
import { echoUrl } from './echo-server.mjs';

const COUNT = 1000;
let received = 0;
let bytes = 0;
let batches = 0;

const ws = await connect(await echoUrl(), {
  message(ws, data) {
    // `data` is valid until this function returns: copy what is needed longer.
    received++;
    bytes += data.length;
    if (received === COUNT) ws.close(1000, 'done');
  },
  batchEnd() {
    batches++;
  },
  close(_ws, code) {
    console.log(`received ${received} messages, ${bytes} bytes, in ${batches} reads`);
    console.log('closed with', code);
  },
});

// All of these leave in a few writes.
const payload = Buffer.alloc(512, 'x');
for (let i = 0; i < COUNT; i++) ws.send(payload);
