// Ctrl-C ends a program in good order although its client blocks: that is in a worker thread, and the main thread, whose
// event loop goes on, has the handler.
//
//   node examples/sync-ctrl-c.mjs [ws://HOST:PORT/]
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { connect } from 'wirespeed/sync';
import { echoUrl } from './echo-server.mjs';

if (isMainThread) {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  process.on('SIGINT', () => {
    console.log('asked to stop');
    Atomics.store(stop, 0, 1);
  });
  const url = await echoUrl();
  const worker = new Worker(new URL(import.meta.url), { workerData: { url, stop } });
  worker.on('message', (text) => console.log('from the worker:', text));
  // Here nobody has to press it.
  worker.once('message', () => process.kill(process.pid, 'SIGINT'));
} else {
  const { url, stop } = workerData;
  const ws = connect(url);
  parentPort.postMessage('waiting for messages');
  while (Atomics.load(stop, 0) === 0) {
    try {
      parentPort.postMessage(ws.recv({ timeout: 100 }));
    } catch (error) {
      if (error.code !== 'WS_TIMEOUT') throw error;
    }
  }
  ws.close();
  parentPort.postMessage(`closed with ${ws.closeCode}`);
}
