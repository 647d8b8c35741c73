/** Runs an echo server: starts it when it is needed, starts it again if it has died, and stops it at the end. */
import { CERTIFICATE, PRIVATE_KEY } from './certificates.mjs';
import { startChild } from './child.mjs';
import { pinned } from './cores.mjs';

const MAX_START_TIME = 10_000;
const MAX_STOP_TIME = 2000;

/** Keeps one echo server running. */
export class ServerProcess {
  #program;
  #core;
  #isTls;
  #isCompressed;
  /** @type {{ url: string, pid: number, hasEnded: boolean, ended: Promise<string>, kill: (signal: NodeJS.Signals) => void } | undefined} */
  #running;

  /**
   * @param {import('../servers/catalogue.mjs').ServerProgram} program
   * @param {number | undefined} core
   * @param {Pick<import('../plans/plan.mjs').Section, 'isTls' | 'isCompressed'>} [section]
   */
  constructor(program, core, { isTls = false, isCompressed = false } = {}) {
    this.#program = program;
    this.#core = core;
    this.#isTls = isTls;
    this.#isCompressed = isCompressed;
  }

  /**
   * Returns the running server, starting it first where there is none.
   *
   * @throws Error that says why it does not start
   */
  async ensure() {
    if (!this.#running || this.#running.hasEnded) this.#running = await this.#start();
    return this.#running;
  }

  /** Why the server that was last running has ended; undefined while it runs. */
  async death() {
    const running = this.#running;
    if (!running) return undefined;
    // The client may notice that the server has died before this process does, so wait a moment.
    return await Promise.race([running.ended, delay(100)]);
  }

  async stop() {
    const running = this.#running;
    this.#running = undefined;
    if (!running || running.hasEnded) return;
    running.kill('SIGTERM');
    const hasStopped = await Promise.race([running.ended, delay(MAX_STOP_TIME)]);
    if (hasStopped === undefined) running.kill('SIGKILL');
  }

  async #start() {
    const secure = this.#isTls ? [CERTIFICATE, PRIVATE_KEY] : [];
    const programArgs = [...this.#program.args, ...secure];
    const [command, args] = pinned(this.#core, this.#program.command, programArgs);
    let isListening = (/** @type {string} */ _url) => {};
    const listening = new Promise((resolve) => {
      isListening = resolve;
    });
    const listen = (/** @type {string} */ line) => {
      const url = /^listening on (wss?:\S+)/.exec(line)?.[1];
      if (url) isListening(url);
    };
    const env = { BENCH_COMPRESSION: this.#isCompressed ? '1' : '0' };
    const { child, ended } = startChild(command, args, listen, env);
    const running = {
      url: '',
      pid: child.pid ?? 0,
      hasEnded: false,
      ended,
      kill: (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal),
    };
    const failed = ended.then((why) => {
      running.hasEnded = true;
      throw new Error(why);
    });
    const late = delay(MAX_START_TIME).then(() => {
      throw new Error(`printed no address within ${MAX_START_TIME / 1000} s`);
    });
    failed.catch(() => {});
    late.catch(() => {});
    try {
      running.url = await Promise.race([listening, failed, late]);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return running;
  }
}

/** The servers of a run with a plan, each started when it is first needed. */
export class Servers {
  #programs;
  /** @type {Map<string, ServerProcess>} */
  #running = new Map();

  /** @param {readonly import('../servers/catalogue.mjs').ServerProgram[]} programs */
  constructor(programs) {
    this.#programs = new Map(programs.map((program) => [program.name, program]));
  }

  /** @param {string} name */
  program(name) {
    return /** @type {import('../servers/catalogue.mjs').ServerProgram} */ (
      this.#programs.get(name)
    );
  }

  /**
   * @param {string} name
   * @param {Pick<import('../plans/plan.mjs').Section, 'isTls' | 'isCompressed' | 'isServerFresh'>} section
   * @param {number | undefined} core
   * @param {(server: ServerProcess) => Promise<void>} warm called once for each
   */
  async get(name, section, core, warm) {
    const { isTls, isCompressed, isServerFresh } = section;
    const key = [name, core, isTls, isCompressed, isServerFresh].join();
    let server = this.#running.get(key);
    if (isServerFresh) {
      await server?.stop();
      server = undefined;
    }
    if (!server) {
      server = new ServerProcess(this.program(name), core, section);
      this.#running.set(key, server);
      if (!isServerFresh) await warm(server);
    }
    return server;
  }

  async stop() {
    await Promise.all([...this.#running.values()].map((server) => server.stop()));
  }
}

/**
 * @param {number} ms
 * @returns {Promise<undefined>}
 */
function delay(ms) {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms).unref();
  });
}
