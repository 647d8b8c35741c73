// Echo with the async client: await, recv and for await.
//
//   node examples/echo-async.mjs [ws://HOST:PORT/]
//
// Without a URL it starts an echo server of its own.
import { connect } from 'wirespeed';
import { echoUrl } from './echo-server.mjs';

const ws = await connect(await echoUrl());
try {
  await ws.send('hello');
  console.log('received', await ws.recv());

  for (let i = 1; i <= 3; i++) await ws.send(`message ${i}`);
  let left = 3;
  for await (const message of ws) {
    console.log('received', message);
    left--;
    if (left === 0) break;
  }
  console.log('round trip of a ping:', (await ws.ping()).toFixed(2), 'ms');
} finally {
  await ws.close();
}
console.log('closed with', ws.closeCode);
