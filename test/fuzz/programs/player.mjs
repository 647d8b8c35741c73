// One end of a connection: what its program does as things happen, what was promised to it, and
// what it was told. What breaks a rule at the moment it happens is noted as a fault at once.
import { inspect } from 'node:util';
import { isLateForm, isTextForm, materialOf } from './material.mjs';
import { laterBy, momentOf } from './moments.mjs';
import { OnPurpose } from './on-purpose.mjs';
import { readPayload } from './payloads.mjs';
import { giveWrong } from './wrong-calls.mjs';

/** Handlers that are called while a connection is paused. */
const ALWAYS = new Set(['close', 'error']);

/** Makes a message one that does a healthy connection no harm. */
function modest({ form, size, ...others }) {
  return { ...others, form: form === 'failingPieces' ? 'pieces' : form, size: Math.min(size, 200) };
}

export class Player {
  ws;
  /** Whose program this is: `server`, `async`, `events` or `sync`. */
  face;
  /** The name of this end, such as `3c` for the client's of link 3. */
  end;
  /** What is written down for the judge. */
  record;
  isPaused = false;
  /** Whether the case is being ended: no more is done then. */
  isEnding = false;
  #world;
  #program;
  views;
  #calls = {};
  /** Messages as they were given, with what they were then. */
  #kept = [];
  #fragments = [];
  /** How many programs run now that are waited for. */
  running = 0;

  constructor(world, { end, face, program, views = false }) {
    this.#world = world;
    this.#program = program;
    this.views = views;
    this.end = end;
    this.face = face;
    this.record = {
      end,
      face,
      hasOpened: false,
      /** Messages given to `send`, in order. */
      ledger: [],
      /** Messages that came, in order. */
      received: [],
      errors: [],
      closed: undefined,
      hasClosedFirst: false,
      wasTerminated: false,
      wasPausedWhileClosing: false,
      hasThrown: false,
    };
  }

  get other() {
    return this.end.endsWith('s') ? `${this.end.slice(0, -1)}c` : `${this.end.slice(0, -1)}s`;
  }

  get isControl() {
    return this.end === 'control-s';
  }

  get state() {
    return this.ws?.state ?? 'connecting';
  }

  note(text) {
    this.#world.journal.note(this.end, text);
  }

  fault(text) {
    this.note(`FAULT ${text}`);
    this.#world.fault(this.end, text);
  }

  /** The library calls a handler. */
  handle(name, ...given) {
    this.#checkCall(name, given);
    const count = this.#calls[name] ?? 0;
    this.#calls[name] = count + 1;
    const steps = this.#program[name]?.[count];
    if (steps === undefined || steps.length === 0) return undefined;
    this.note(`${name} ${count}:`);
    return this.#runHandler(name, steps);
  }

  #runHandler(name, steps) {
    const result = this.run(steps, { handler: name, mayThrow: true });
    if (result === undefined) return undefined;
    this.running++;
    const done = () => {
      this.running--;
    };
    result.then(done, done);
    return result;
  }

  #checkCall(name, given) {
    const { record, state } = this;
    this.#world.checkConnections();
    if (record.closed !== undefined) this.fault(`${name} is called after close`);
    if (this.isPaused && !ALWAYS.has(name)) this.fault(`${name} is called while paused`);
    if (name === 'open') {
      if (record.hasOpened) this.fault('open is called twice');
      record.hasOpened = true;
    } else if (!record.hasOpened) this.fault(`${name} is called before open`);
    if (name === 'error') {
      const [error] = given;
      this.note(`error: ${error.code} ${error.message}`);
      if (record.errors.length > 0) this.fault('error is called twice');
      if (state === 'open') this.fault('the state is open in error');
      record.errors.push(`${error.code} ${error.message}`);
    } else if (name === 'close') {
      const [code, reason] = given;
      this.note(`close: ${code} ${reason}`);
      if (state !== 'closed') this.fault(`the state is ${state} in close`);
      record.closed = { code, reason };
    }
  }

  /** A message came, as the `message` handler or `recv` gives it. */
  receive(data, isText = typeof data === 'string') {
    if (this.views ? typeof data === 'string' : (typeof data === 'string') !== isText) {
      this.fault(`a message is given as ${typeof data}, where text is ${isText}`);
    }
    const message = readPayload(this.other, data, isText);
    this.#keep(message);
    if (!this.views && typeof data !== 'string') this.#kept.push({ data, copy: data.slice() });
  }

  /** A frame came; together they make messages. */
  receiveFrame({ opcode, isFinal, payload }) {
    this.#fragments.push({ opcode, bytes: payload.slice() });
    if (!isFinal) return;
    const whole = Buffer.concat(this.#fragments.map(({ bytes }) => bytes));
    const isText = this.#fragments[0].opcode === 1;
    this.#fragments = [];
    this.#keep(readPayload(this.other, whole, isText));
  }

  /** Whether what is wrong with a message is the peer's doing is left to the judge. */
  #keep(message) {
    this.record.received.push(message);
    this.note(`gets ${message.fault ?? `#${message.number}`}`);
  }

  /** What was given to be kept must be what it was. */
  checkKept() {
    for (const { data, copy } of this.#kept) {
      if (Buffer.compare(data, copy) !== 0) this.fault('a message that was kept has changed');
    }
  }

  /** Runs steps; returns a promise if one of them had to be awaited. */
  run(steps, context) {
    for (let i = 0; i < steps.length && !this.isEnding; i++) {
      const waiting = this.act(steps[i], context);
      if (waiting === undefined) continue;
      const rest = steps.slice(i + 1);
      return waiting.then(() => this.run(rest, { ...context, isAsync: true }));
    }
    return undefined;
  }

  act(step, context) {
    switch (step.do) {
      case 'send':
        return this.#send(step);
      case 'close':
        return this.#close(step);
      case 'await':
        return momentOf(step.how);
      case 'later':
        this.#world.running++;
        laterBy(step.how, () => this.#runDetached(step.steps));
        return undefined;
      case 'throw':
        return this.#throw(context);
      case 'cork':
        return this.#cork(step, context);
      case 'busy': {
        const until = performance.now() + step.time;
        while (performance.now() < until);
        return undefined;
      }
      case 'recv':
      case 'iterate':
        return this.face === 'async' ? this[step.do](step, context) : undefined;
      default:
        for (const target of this.#targets(step.to)) this.#actOn(target, step);
        return undefined;
    }
  }

  /** Steps that concern one connection and return nothing. */
  #actOn(target, step) {
    const { ws, record } = target;
    this.note(`${step.do} on ${target.end} (${target.state})`);
    switch (step.do) {
      case 'terminate':
        if (target.state === 'open' || target.state === 'closing') record.wasTerminated = true;
        this.attempt('terminate', () => ws.terminate());
        return;
      case 'pause':
        if (ws.pause === undefined) return;
        target.isPaused = true;
        this.attempt('pause', () => ws.pause());
        return;
      case 'resume':
        target.isPaused = false;
        this.attempt('resume', () => ws.resume?.());
        return;
      case 'ping':
      case 'pong': {
        const wasOpen = target.state === 'open';
        this.attempt(
          step.do,
          () => {
            const result = ws[step.do](Buffer.alloc(step.size, 'p'));
            result?.catch?.(() => {});
          },
          wasOpen ? undefined : 'WS_CONNECTION_CLOSED',
        );
        return;
      }
      case 'look':
        inspect(ws, { depth: 4 });
        inspect([ws.stats(), ws.remoteAddress, ws.localAddress, ws.bufferedAmount, ws.latency]);
        return;
      case 'wrong':
        giveWrong(target, step.which, (text) => this.fault(text));
    }
  }

  /** Calls the library with right arguments; only an error of that code is none of its faults. */
  attempt(what, call, code) {
    try {
      return call();
    } catch (error) {
      if (code === undefined || error?.code !== code) {
        this.fault(`${what} throws ${inspect(error)}`);
      }
      return undefined;
    }
  }

  #targets(to) {
    if (to === 'self') return this.ws === undefined ? [] : [this];
    return this.#world.playersFor(this, to);
  }

  #send(step) {
    const waiting = [];
    for (const target of this.#targets(step.to)) {
      const message = target.isControl ? modest(step) : step;
      for (let i = 0; i < step.times; i++) {
        const promise = this.#sendOne(target, message);
        if (promise !== undefined) waiting.push(promise);
      }
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  #sendOne(target, { form, size, compress, isAwaited }) {
    const { ledger } = target.record;
    const number = ledger.length;
    const entry = {
      number,
      isText: isTextForm(form),
      isEmpty: size === 0,
      isLate: isLateForm(form) || compress,
      outcome: 'pending',
    };
    ledger.push(entry);
    const what = `send #${number} (${form} ${size})`;
    const material = materialOf({ channel: target.end, number, form, size, compress });
    const wasOpen = target.state === 'open';
    let result;
    try {
      result = target.ws.send(material.data, material.options);
    } catch (error) {
      entry.outcome = 'refused';
      this.fault(`${what} on ${target.end} (${target.state}) throws ${inspect(error)}`);
      return undefined;
    }
    material.spoil();
    this.note(`${what} on ${target.end} (${wasOpen ? 'open' : target.state}): ${result}`);
    if (form === 'failingPieces') entry.outcome = 'failing';
    else entry.outcome = wasOpen ? 'accepted' : 'refused';
    if (target.face === 'async') return this.#watchSend(target, entry, result, isAwaited);
    if (typeof result !== 'boolean') this.fault(`${what} returns ${inspect(result)}`);
    if (!wasOpen && result !== false) this.fault(`${what} on a connection not open returns true`);
    return undefined;
  }

  /** What nobody awaits is left alone: it must not end the process. */
  #watchSend(target, entry, promise, isAwaited) {
    if (!isAwaited) return undefined;
    const { outcome } = entry;
    entry.outcome = 'pending';
    return promise.then(
      () => {
        entry.outcome = outcome;
        if (outcome === 'failing')
          this.fault(`send #${entry.number} hides the fault of its source`);
        if (outcome === 'refused')
          this.fault(`send #${entry.number} is fulfilled on ${target.end}`);
      },
      (error) => {
        target.note(`send #${entry.number} is rejected: ${error.message}`);
        entry.outcome = outcome === 'accepted' ? 'lost' : outcome;
        const isExpected = error.code === 'WS_CONNECTION_CLOSED' || outcome === 'failing';
        if (!isExpected) this.fault(`send #${entry.number} is rejected with ${inspect(error)}`);
      },
    );
  }

  #close({ to, code, isAwaited }) {
    const waiting = [];
    for (const target of this.#targets(to)) {
      this.note(`close ${code} on ${target.end} (${target.state})`);
      target.noteClosing();
      const result = this.attempt('close', () => target.ws.close(code, 'by the program'));
      if (target.state === 'open') this.fault('the state is open after close');
      if (target.face === 'async' && isAwaited && target !== undefined) waiting.push(result);
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  /** We close, unless the peer has. */
  noteClosing() {
    if (this.state === 'open') this.record.hasClosedFirst = true;
    if (this.isPaused) this.record.wasPausedWhileClosing = true;
  }

  #throw({ handler, mayThrow, isAsync = false }) {
    if (!mayThrow) return;
    const id = this.#world.noteThrown({ end: this.end, handler, isAsync, state: this.state });
    this.note(`throws ${id} in ${handler}${isAsync ? ', later' : ''}`);
    this.record.hasThrown = true;
    if (this.face !== 'async') {
      setImmediate(() => {
        if (this.state === 'open') this.fault(`still open after an exception in ${handler}`);
      });
    }
    throw new OnPurpose(id, `in ${handler}`);
  }

  #cork({ to, steps }, context) {
    const [target] = this.#targets(to);
    if (target?.ws.cork === undefined) return;
    this.note(`cork ${target.end}:`);
    target.ws.cork(() => {
      // Only what is not awaited belongs into it.
      for (const step of steps) if (step.do !== 'await') this.act(step, context);
    });
  }

  async #runDetached(steps) {
    this.note('later:');
    try {
      await this.run(steps, { handler: 'later', mayThrow: false });
    } finally {
      this.#world.running--;
    }
  }

  /** Runs what a client does besides its handlers; what it throws ends it, as a function's exception does. */
  async runMain(steps) {
    this.running++;
    try {
      await this.run(steps, { handler: 'main', mayThrow: true, isAsync: true });
    } catch (error) {
      if (!(error instanceof OnPurpose)) this.fault(`the program ends by ${inspect(error)}`);
    } finally {
      this.running--;
    }
  }

  async recv({ timeout }) {
    try {
      this.receive(await this.ws.recv({ timeout }));
    } catch (error) {
      this.note(`recv: ${error.code} ${error.message}`);
      if (!['WS_TIMEOUT', 'WS_CONNECTION_CLOSED', 'WS_REMOTE_PROTOCOL'].includes(error.code)) {
        this.fault(`recv is rejected with ${inspect(error)}`);
      }
    }
  }

  async iterate({ count, timeout, steps }, context) {
    let left = count;
    // Nothing may come at all.
    const wait = new Promise((resolve) => setTimeout(resolve, timeout));
    const iterator = this.ws[Symbol.asyncIterator]();
    try {
      while (left-- > 0) {
        const next = iterator.next();
        const result = await Promise.race([next, wait]);
        if (result === undefined) {
          // The end of the iteration settles it, at the latest.
          next.then(
            ({ done, value }) => done || this.receive(value),
            () => {},
          );
          return;
        }
        if (result.done) {
          this.note('the iteration ends');
          return;
        }
        this.receive(result.value);
        await this.run(steps, { ...context, isAsync: true });
      }
    } catch (error) {
      if (error instanceof OnPurpose) throw error;
      this.note(`the iteration ends by ${error.code} ${error.message}`);
    } finally {
      await iterator.return();
    }
  }

  /** Receives all that is left, to the end; the end is what an async client is told. */
  async drain() {
    for (;;) {
      try {
        this.receive(await this.ws.recv());
      } catch (error) {
        this.note(`ends by ${error.code} ${error.message}`);
        this.record.closed = { code: this.ws.closeCode, reason: this.ws.closeReason };
        const isClean = error.wasClean === true && error.cause === undefined;
        if (!isClean) this.record.errors.push(`${error.code} ${error.message}`);
        if (error.code === 'WS_CONCURRENCY') this.fault(`recv is rejected with ${inspect(error)}`);
        return;
      }
    }
  }
}
