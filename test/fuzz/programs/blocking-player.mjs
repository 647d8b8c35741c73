// Runs the programs of blocking clients, in a thread of its own. It gets one program after the other, and
// answers each with its record.
import { inspect } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { connect } from 'wirespeed/sync';
import { Journal } from './journal.mjs';
import { materialOf, traitsOf } from './material.mjs';
import { momentOf } from './moments.mjs';
import { readPayload } from './payloads.mjs';
import { emptyRecord } from './record.mjs';
import { giveWrong } from './wrong-calls.mjs';

const { journalPath, isEnding } = workerData;
const journal = new Journal(journalPath);
/** How long a call may block, in milliseconds. */
const CALL_TIMEOUT = 50;
/** The errors that a call may end with. */
const EXPECTED = [
  'WS_TIMEOUT',
  'WS_CONNECTION_CLOSED',
  'WS_REMOTE_PROTOCOL',
  'WS_MESSAGES_DROPPED',
  'WS_MESSAGE_TOO_BIG',
];
/** Forms that a blocking call cannot take, because they are produced later. */
const LATER = new Set(['asyncSource', 'hangingSource']);

class BlockingPlayer {
  record;
  faults = [];
  #ws;
  #other;

  constructor(end) {
    this.record = emptyRecord(end, 'sync');
    this.#other = `${end.slice(0, -1)}s`;
  }

  connect(url, options) {
    try {
      this.#ws = connect(url, options);
      this.record.hasOpened = true;
      this.#note('connected');
    } catch (error) {
      this.#note(`does not connect: ${error.code} ${error.message}`);
      this.record.refusal = { code: error.code, status: error.status };
      if (!String(error.code).startsWith('WS_')) {
        this.#fault(`connect fails with ${inspect(error)}`);
      }
    }
    return this.#ws !== undefined;
  }

  async run(steps) {
    for (const step of steps) {
      if (Atomics.load(isEnding, 0) === 1) return;
      if (step.do === 'throw') return;
      await this.#act(step);
    }
  }

  /** Receives until the connection ends. Closes the connection once the case is being ended. */
  drain() {
    while (this.record.closed === undefined) {
      if (Atomics.load(isEnding, 0) === 1 && this.#ws.state === 'open') this.#close(1000);
      this.#recv(CALL_TIMEOUT);
    }
    this.#note(`ends: ${this.#ws.state}`);
    if (this.#ws.state !== 'closed') this.#fault(`is ${this.#ws.state} after the last recv`);
  }

  #note(text) {
    journal.note(this.record.end, text);
  }

  #fault(text) {
    this.#note(`FAULT ${text}`);
    this.faults.push({ end: this.record.end, text });
  }

  #act(step) {
    switch (step.do) {
      case 'send':
        for (let i = 0; i < step.times; i++) this.#send(step);
        return undefined;
      case 'recv':
        this.#recv(step.timeout);
        return undefined;
      case 'iterate':
        return this.#iterate(step);
      case 'later':
      case 'cork':
        return this.run(step.steps);
      case 'await':
        return momentOf(step.how);
      case 'close':
        this.#close(step.code);
        return undefined;
      default:
        this.#call(step);
        return undefined;
    }
  }

  #call(step) {
    const ws = this.#ws;
    this.#note(`${step.do} (${ws.state})`);
    const payload = Buffer.alloc(step.size ?? 0, 'p');
    if (step.do === 'ping')
      this.#attempt('ping', () => ws.ping(payload, { timeout: CALL_TIMEOUT }));
    else if (step.do === 'pong') this.#attempt('pong', () => ws.pong(payload));
    else if (step.do === 'look') inspect([ws, ws.stats(), ws.remoteAddress, ws.latency]);
    else if (step.do === 'wrong') {
      const { state } = ws;
      giveWrong({ ws, state, face: 'sync' }, step.which, (text) => this.#fault(text));
    } else if (step.do === 'terminate') {
      if (ws.state !== 'closed') this.record.wasTerminated = true;
      ws.terminate();
    }
  }

  /** Makes a call that may fail because of the peer, the end of the connection, or the given data. */
  #attempt(what, call, fails = false) {
    try {
      return call();
    } catch (error) {
      this.#note(`${what}: ${error.code} ${error.message}`);
      if (!fails && !EXPECTED.includes(error.code)) this.#fault(`${what} throws ${inspect(error)}`);
      return error;
    }
  }

  #send({ form: wanted, size, compress }) {
    const form = LATER.has(wanted) ? 'source' : wanted;
    const { isText, fails } = traitsOf(form);
    const { end, ledger } = this.record;
    const number = ledger.length;
    const entry = { number, isText, isEmpty: size === 0, isLate: false };
    ledger.push(entry);
    const { data, options, spoil } = materialOf({ channel: end, number, form, size, compress });
    const { state } = this.#ws;
    const send = () => this.#ws.send(data, { ...options, timeout: CALL_TIMEOUT });
    const error = this.#attempt(`send #${number}`, send, fails);
    spoil();
    // A message that has not left in time leaves later.
    const isAccepted = error === undefined || error.code === 'WS_TIMEOUT';
    entry.outcome = isAccepted ? 'accepted' : 'lost';
    if (fails) entry.outcome = 'failing';
    if (fails && error === undefined) this.#fault(`send #${number} (${form}) returns`);
    this.#note(`send #${number} (${form} ${size}, ${state}): ${entry.outcome}`);
  }

  #recv(timeout) {
    let message;
    const error = this.#attempt('recv', () => {
      message = this.#ws.recv({ timeout });
    });
    if (error === undefined) this.#receive(message);
    else if (error.code !== 'WS_TIMEOUT') this.#noteEnd(error);
  }

  #receive(data) {
    const message = readPayload(this.#other, data, typeof data === 'string');
    this.record.received.push(message);
    this.#note(`gets ${message.fault ?? `#${message.number}`}`);
  }

  #noteEnd(error) {
    const { record } = this;
    if (record.closed !== undefined) return;
    record.closed = { code: this.#ws.closeCode, reason: this.#ws.closeReason };
    const isClean = error.wasClean === true && error.cause === undefined;
    if (!isClean) record.errors.push(`${error.code} ${error.message}`);
  }

  async #iterate({ count, steps }) {
    const iterator = this.#ws[Symbol.iterator]();
    for (let left = count; left > 0; left--) {
      let result;
      const error = this.#attempt('iteration', () => {
        result = iterator.next();
      });
      if (error !== undefined || result.done) return;
      this.#receive(result.value);
      await this.run(steps);
    }
    iterator.return();
  }

  #close(code) {
    if (this.#ws.state === 'open') this.record.hasClosedFirst = true;
    this.#note(`close ${code} (${this.#ws.state})`);
    this.#attempt('close', () => this.#ws.close(code, 'by the program'));
    if (this.#ws.state !== 'closed') this.#fault(`is ${this.#ws.state} after close`);
  }
}

parentPort.on('message', async ({ end, url, options, steps }) => {
  const player = new BlockingPlayer(end);
  if (player.connect(url, { ...options, receiveTimeout: CALL_TIMEOUT })) {
    await player.run(steps);
    parentPort.postMessage({ isRunning: false });
    player.drain();
  }
  parentPort.postMessage({ record: player.record, faults: player.faults });
});
