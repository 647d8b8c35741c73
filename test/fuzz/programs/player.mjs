// One end of a connection: what it was promised, what it was told, and the handlers that run the steps of
// its program (`steps.mjs`). A broken rule that can be seen at once is noted as a fault at once.
import { inspect } from 'node:util';
import { OnPurpose } from './on-purpose.mjs';
import { readPayload } from './payloads.mjs';
import { emptyRecord } from './record.mjs';
import { runSteps } from './steps.mjs';

/** The server's end of the control connection. */
export const CONTROL = 'control-s';
/** Handlers that may be called while a connection is paused, because they deliver nothing that arrived. */
const ALWAYS = new Set(['drain', 'close', 'error']);
/** Handlers whose data may be a view. If it is one, they must not return a promise. */
const GIVEN_VIEWS = new Set(['message', 'ping', 'pong']);
const HANDLERS = ['open', 'batchEnd', 'drain', 'ping', 'pong', 'close'];

export class Player {
  world;
  /** The name of this end, such as `3c` for the client's end of link 3. */
  end;
  /** Whose program this is: `server`, `async` or `events`; blocking clients have players of their own. */
  face;
  /** The connection, once there is one. */
  ws;
  /** The record for the judge. */
  record;
  isPaused = false;
  /** Whether the case is being ended. The program does nothing more then. */
  isEnding = false;
  /** How many running programs the end of the case has to wait for. */
  running = 0;
  views;
  /** Hanging sources of messages. The library must end them. */
  sources = [];
  #program;
  #calls = {};
  /** Received messages, each with a copy of what it was at first. */
  #kept = [];
  #fragments = [];

  constructor(world, { end, face, program, views }) {
    this.world = world;
    this.end = end;
    this.face = face;
    this.views = views;
    this.#program = program;
    this.record = emptyRecord(end, face);
  }

  /** The other end. */
  get other() {
    return `${this.end.slice(0, -1)}${this.end.endsWith('s') ? 'c' : 's'}`;
  }

  get isControl() {
    return this.end === CONTROL;
  }

  get state() {
    return this.ws?.state ?? 'connecting';
  }

  note(text) {
    this.world.journal.note(this.end, text);
  }

  fault(text) {
    this.note(`FAULT ${text}`);
    this.world.fault(this.end, text);
  }

  /**
   * Makes the handlers for the library. `of` finds the player of a connection. With `frames`, a server takes
   * frames instead of messages.
   */
  handlers({ of, hasErrorHandler, frames = false }) {
    const handlers = {};
    for (const name of HANDLERS) handlers[name] = (ws, ...given) => of(ws).handle(name, ...given);
    if (hasErrorHandler) {
      handlers.error = (ws, error) => {
        this.world.noteTold(error, 'handler');
        return of(ws).handle('error', error);
      };
    }
    if (frames) handlers.frame = (ws, frame) => of(ws).handleFrame(frame);
    else handlers.message = (ws, data, isText) => of(ws).handleMessage(data, isText);
    return handlers;
  }

  /** The library calls a handler. */
  handle(name, ...given) {
    this.#checkCall(name, given);
    const count = this.#calls[name] ?? 0;
    this.#calls[name] = count + 1;
    const steps = this.#program[name]?.[count];
    if (steps === undefined || steps.length === 0) return undefined;
    this.note(`${name} ${count}:`);
    const result = runSteps(this, steps, { handler: name, mayThrow: true });
    if (result === undefined) return undefined;
    if (this.views && GIVEN_VIEWS.has(name)) this.noteThrown(name, true);
    return this.#watch(result);
  }

  handleMessage(data, isText) {
    if (this.isControl) {
      this.ws.send(data, { text: isText });
      return undefined;
    }
    this.receive(data, isText);
    return this.handle('message');
  }

  /** A frame arrived. The frames up to a final one make a message. */
  handleFrame({ opcode, isFinal, payload }) {
    if (this.isControl) {
      this.ws.send(payload, { text: opcode === 1 });
      return undefined;
    }
    this.#fragments.push({ opcode, bytes: payload.slice() });
    if (!isFinal) return undefined;
    const whole = Buffer.concat(this.#fragments.map(({ bytes }) => bytes));
    const isText = this.#fragments[0].opcode === 1;
    this.#fragments = [];
    this.#keep(readPayload(this.other, whole, isText));
    return this.handle('message');
  }

  /** A message arrived, in the form of the `message` handler or of `recv`. */
  receive(data, isText = typeof data === 'string') {
    const isString = typeof data === 'string';
    if (isString !== (isText && !this.views)) {
      this.fault(`a message (text is ${isText}) is given as ${isString ? 'a string' : 'bytes'}`);
    }
    this.#keep(readPayload(this.other, data, isText));
    if (!this.views && !isString) this.#kept.push({ data, copy: data.slice() });
  }

  /** Runs the steps of a client outside of its handlers. An exception ends them, as it ends any function. */
  async runMain(steps) {
    this.running++;
    try {
      await runSteps(this, steps, { handler: 'main', mayThrow: true, isAsync: true });
    } catch (error) {
      if (!(error instanceof OnPurpose)) this.fault(`the program ends by ${inspect(error)}`);
    } finally {
      this.running--;
    }
  }

  /** This end is about to be closed. */
  noteClosing() {
    if (this.state === 'open') this.record.hasClosedFirst = true;
    if (this.isPaused) this.record.wasPausedWhileClosing = true;
  }

  /** The client failed to connect. */
  noteRefusal(error) {
    this.note(`does not connect: ${error.code} ${error.message}`);
    this.record.refusal = { code: error.code, status: error.status };
    if (!String(error.code).startsWith('WS_')) this.fault(`connect fails with ${inspect(error)}`);
  }

  /** The last `recv` of an async client was rejected with this error. */
  noteEnd(error) {
    const { record, ws } = this;
    this.note(`ends by ${error.code} ${error.message}`);
    record.closed = { code: ws.closeCode, reason: ws.closeReason };
    const isClean = error.wasClean === true && error.cause === undefined;
    if (!isClean) record.errors.push(`${error.code} ${error.message}`);
  }

  /** Calls the library with right arguments. Only an error with that code is expected. */
  attempt(what, call, code) {
    try {
      return call();
    } catch (error) {
      const isExpected = code !== undefined && error?.code === code;
      if (!isExpected) this.fault(`${what} throws ${inspect(error)}`);
      return undefined;
    }
  }

  /** The case is being ended: the program does nothing more, and a paused connection is resumed. */
  beginEnd() {
    this.isEnding = true;
    if (!this.isPaused) return;
    this.isPaused = false;
    this.note('resume at the end');
    this.attempt('resume', () => this.ws.resume());
  }

  /** The case is over: kept messages must be unchanged, and the connection must be closed. */
  checkEnd() {
    for (const { data, copy } of this.#kept) {
      if (Buffer.compare(data, copy) !== 0) this.fault('a message that was kept has changed');
    }
    for (const { number, source } of this.sources) {
      if (source.isBegun && !source.isReturned)
        this.fault(`the source of #${number} is not returned`);
    }
    if (this.ws !== undefined && this.state !== 'closed') {
      this.fault(`is ${this.state} after all has been closed`);
    }
  }

  /** Notes that a handler throws, or returns a promise where it must not. Returns the number of the error. */
  noteThrown(handler, isPromise = false) {
    const { end, state, record } = this;
    const id = this.world.noteThrown({ end, handler, isPromise });
    this.note(isPromise ? `returns a promise from ${handler}` : `throws ${id} in ${handler}`);
    record.hasThrown = true;
    if (handler !== 'main' && state === 'open') {
      setImmediate(() => {
        if (this.state === 'open') this.fault(`is open after an exception in ${handler}`);
      });
    }
    return id;
  }

  /** Counts a running program. The library has to catch its exceptions. */
  async #watch(result) {
    this.running++;
    try {
      await result;
    } finally {
      this.running--;
    }
  }

  #checkCall(name, given) {
    const { record, state } = this;
    this.world.checkConnections();
    if (record.closed !== undefined) this.fault(`${name} is called after close`);
    if (this.isPaused && !ALWAYS.has(name)) this.fault(`${name} is called while paused`);
    if (name === 'open') {
      if (record.hasOpened) this.fault('open is called twice');
      record.hasOpened = true;
    } else if (!record.hasOpened) this.fault(`${name} is called before open`);
    if (name === 'error') this.#checkError(given[0]);
    else if (name === 'close') {
      const [code, reason] = given;
      this.note(`close: ${code} ${reason}`);
      if (state !== 'closed') this.fault(`the state is ${state} in close`);
      record.closed = { code, reason };
    }
  }

  #checkError(error) {
    const { record, state } = this;
    this.note(`error: ${error.code} ${error.message}`);
    // Dropped messages are reported at the end, even after another error.
    const isOther = record.errors.length > 0 && error.code !== 'WS_MESSAGES_DROPPED';
    if (isOther) this.fault('error is called twice');
    if (state === 'open') this.fault('the state is open in error');
    record.errors.push(`${error.code} ${error.message}`);
  }

  /** Records a message. The judge decides whether a fault in it is the peer's. */
  #keep(message) {
    this.record.received.push(message);
    this.note(`gets ${message.fault ?? `#${message.number}`}`);
  }
}
