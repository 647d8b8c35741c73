// The clients of a case. Each connects, runs its program, and is closed at the end.
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { connect } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { takeThread } from './blocking-threads.mjs';
import { OnPurpose } from './on-purpose.mjs';
import { NESTED } from './payloads.mjs';
import { drain } from './receiving.mjs';
import { CLOSE_TIMEOUT, CONNECT_TIMEOUT, DRIVEN_LIMIT } from './times.mjs';

/** The compression settings that raw peers can deal with. */
export const DEFLATE = {
  threshold: 100,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
};
const AUTHORITY = readFileSync(
  new URL('../../support/certificates/authority.pem', import.meta.url),
);
/** Milliseconds between two messages of the control client. */
const REST = 10;

/** A client that runs in this thread: the async one or the events one. */
export class Client {
  #player;
  #program;
  #ended;
  #closed;
  #isClosing = false;

  constructor(player, program) {
    this.#player = player;
    this.#program = program;
  }

  /** Connects and runs the program. */
  start(port) {
    this.#player.world.running++;
    this.#ended = this.#run(urlOf(this.#player.world, port));
  }

  /** Closes the connection, now or once it has been made. */
  close() {
    this.#isClosing = true;
    const player = this.#player;
    const { ws, face, state } = player;
    if (ws === undefined || state === 'closed') return;
    player.note(`close at the end (${state})`);
    player.noteClosing();
    const closed = player.attempt('close', () => ws.close());
    if (face === 'async') this.#closed = closed;
  }

  /** Is fulfilled once none of its programs runs. */
  async end() {
    await this.#ended;
    await this.#closed;
  }

  async #run(url) {
    const player = this.#player;
    try {
      await this.#connect(url);
    } catch (error) {
      player.noteRefusal(error);
      return;
    } finally {
      player.world.running--;
    }
    player.note('connected');
    if (this.#isClosing) this.close();
    await player.runMain(this.#program.main);
    // The messages that the program has not received are received here, to the end.
    if (player.face === 'async') await drain(player);
  }

  async #connect(url) {
    const player = this.#player;
    const options = {
      ...optionsOf(player, this.#program),
      ...maskingOf(player, this.#program),
    };
    if (player.face === 'async') player.ws = await connect(url, options);
    else {
      const { views } = this.#program;
      player.ws = await connectEvents(url, this.#handlers(), { ...options, views });
    }
  }

  #handlers() {
    const player = this.#player;
    return player.handlers({
      of: (ws) => {
        player.ws = ws;
        return player;
      },
      hasErrorHandler: this.#program.hasErrorHandler,
    });
  }
}

/** A blocking client, in a thread of its own. */
export class BlockingClient {
  record;
  #player;
  #program;
  #thread;
  #ended;

  constructor(player, program) {
    this.#player = player;
    this.#program = program;
  }

  start(port) {
    const { end, world } = this.#player;
    this.#thread = takeThread(world.journal.path);
    const program = {
      end,
      url: urlOf(world, port),
      options: optionsOf(this.#player, this.#program),
      steps: this.#program.main,
    };
    world.running++;
    this.#ended = this.#thread.run(program, () => {
      world.running--;
    });
  }

  close() {
    this.#thread?.end();
  }

  async end() {
    const { record, faults } = await this.#ended;
    this.#player.record = record;
    for (const { end, text } of faults) this.#player.world.fault(end, text);
  }
}

/** The control client: no program disturbs it, and its messages are echoed all the time. */
export class ControlClient {
  #world;
  #isStopped = false;
  #ended;

  constructor(world) {
    this.#world = world;
  }

  start(port) {
    this.#ended = this.#run(port);
  }

  close() {
    this.#isStopped = true;
  }

  end() {
    return this.#ended;
  }

  async #run(port) {
    try {
      const ws = await connect(urlOf(this.#world, port), {
        closeTimeout: CLOSE_TIMEOUT,
        tls: { ca: AUTHORITY },
      });
      for (let number = 0; !this.#isStopped; number++) {
        await ws.send(`control ${number}`);
        const answer = await ws.recv({ timeout: DRIVEN_LIMIT });
        if (answer !== `control ${number}`) throw new Error(`answered with ${inspect(answer)}`);
        await new Promise((resolve) => setTimeout(resolve, REST));
      }
      await ws.close();
    } catch (error) {
      this.#world.fault('-', `our control client has no service: ${inspect(error)}`);
    }
  }
}

function urlOf({ isSecure }, port) {
  return `${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}/`;
}

function optionsOf({ end }, { highWaterMark, deflate }) {
  return {
    tls: { ca: AUTHORITY },
    headers: { 'X-Link': `${end.slice(0, -1)}s` },
    connectTimeout: CONNECT_TIMEOUT,
    closeTimeout: CLOSE_TIMEOUT,
    sendHighWaterMark: highWaterMark,
    perMessageDeflate: deflate ? DEFLATE : false,
  };
}

/** Makes a generator of masking keys that breaks a rule. */
function maskingOf(player, { masking }) {
  if (masking === 'right') return {};
  let isDone = false;
  const generateMaskingKey = (keys) => {
    randomFillSync(keys);
    if (player.ws === undefined || isDone) return;
    player.note(`its generator of masking keys ${masking}`);
    if (masking === 'throws') throw new OnPurpose(undefined, 'in a generator of masking keys');
    isDone = true;
    const sent = player.attempt(
      'send while masking',
      () => player.ws.send(NESTED),
      'WS_LOCAL_PROTOCOL',
    );
    sent?.catch?.(() => {});
  };
  return { generateMaskingKey };
}
