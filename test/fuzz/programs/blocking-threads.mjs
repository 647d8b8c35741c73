// The threads in which blocking clients run. Each is used for one case after another.
import { Worker } from 'node:worker_threads';

const PLAYER = new URL('blocking-player.mjs', import.meta.url);
/** Threads that wait for a program. */
const idle = [];

/** A thread with a blocking client. */
class BlockingThread {
  #isEnding = new Int32Array(new SharedArrayBuffer(4));
  #worker;

  constructor(journalPath) {
    const workerData = { journalPath, isEnding: this.#isEnding };
    this.#worker = new Worker(PLAYER, { workerData });
  }

  /**
   * Runs a program to its end. Returns its record and its faults. `onRun` is called once its steps are done,
   * or once it failed to connect.
   */
  async run(program, onRun) {
    Atomics.store(this.#isEnding, 0, 0);
    const worker = this.#worker;
    worker.ref();
    worker.postMessage(program);
    const result = await this.#answer(onRun);
    worker.unref();
    idle.push(this);
    return result;
  }

  #answer(onRun) {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      let isRunning = true;
      const receive = (message) => {
        if (isRunning) onRun();
        isRunning = false;
        if (message.record === undefined) return;
        worker.off('message', receive);
        worker.off('error', reject);
        resolve(message);
      };
      worker.on('message', receive);
      worker.on('error', reject);
    });
  }

  /** Makes the thread close the connection at the next call that would wait. */
  end() {
    Atomics.store(this.#isEnding, 0, 1);
  }
}

/** Returns an idle thread. */
export function takeThread(journalPath) {
  return idle.pop() ?? new BlockingThread(journalPath);
}
