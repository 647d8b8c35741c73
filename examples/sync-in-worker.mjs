// A blocking client in a worker thread: the main thread's event loop goes on meanwhile.
//
//   node examples/sync-in-worker.mjs [ws://HOST:PORT/]
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { connect } from 'wirespeed/sync';
import { echoUrl } from './echo-server.mjs';

if (isMainThread) {
  // The server runs on this very thread: it is the worker that blocks.
  const worker = new Worker(new URL(import.meta.url), { workerData: await echoUrl() });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  worker.on('message', (text) => console.log('from the worker:', text));
  worker.on('exit', () => {
    clearInterval(timer);
    console.log(`meanwhile the main thread's timer fired ${ticks > 0 ? 'freely' : 'never'}`);
  });
} else {
  const ws = connect(workerData);
  for (let i = 1; i <= 3; i++) {
    ws.send(`message ${i}`);
    parentPort.postMessage(`received ${ws.recv()}`);
  }
  ws.close();
}
