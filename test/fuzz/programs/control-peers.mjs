// The control connections. No program disturbs them: whatever the programs and the other peers do, each
// of these connections is served all the time.
import { FrameParser } from '../../support/peer/frames.mjs';
import { parseRequest, serializeResponse } from '../../support/peer/opening.mjs';
import { readPayload } from './payloads.mjs';
import { closePayload, frameOf, requestOf } from './peer-bytes.mjs';
import { DRIVEN_LIMIT } from './times.mjs';

/** The server's end of the control connection. */
const CONTROL = 'control-s';
/** Milliseconds between an answer and the next message. */
const REST = 8;

/** A client on a raw socket that has its messages echoed, one after the other, by the server under test. */
export class ControlClient {
  faults = [];
  /** The code of the close frame that arrived before the case was ended. */
  closings = [];
  echoes = 0;
  /** The messages that programs sent to all connections. */
  received = [];
  #socket;
  #parser = new FrameParser();
  #head = Buffer.alloc(0);
  #isOpen = false;
  #isStopping = false;
  #isClosed = false;
  #timer;
  #message = [];
  #isText = false;

  constructor({ raw, socket }) {
    this.#socket = socket;
    this.#expect('a connection');
    socket.on(socket === raw ? 'connect' : 'secureConnect', () => {
      this.#expect('the answer to its request');
      socket.write(requestOf({ link: CONTROL }));
    });
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('end', () => socket.end());
    socket.on('error', (error) => this.#lost(error.code));
    socket.on('close', () => this.#lost('closed'));
  }

  get isReady() {
    return this.echoes > 0 || this.faults.length > 0 || this.#isClosed;
  }

  /** From now on the server may close it, as it does at its end. */
  stop() {
    this.#isStopping = true;
    clearTimeout(this.#timer);
  }

  #lost(how) {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#fault(`is lost: ${how}`);
  }

  #fault(text) {
    if (!this.#isStopping) this.faults.push(`the control connection ${text}`);
  }

  #expect(what) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fault(`waits for ${what} in vain`), DRIVEN_LIMIT);
  }

  #receive(chunk) {
    if (this.#isOpen) {
      this.#receiveFrames(chunk);
      return;
    }
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!this.#head.toString('latin1').startsWith('HTTP/1.1 101 ')) {
      this.#fault(`is refused: ${this.#head.toString('latin1', 0, 60)}`);
      return;
    }
    this.#isOpen = true;
    this.#ask();
    this.#receiveFrames(this.#head.subarray(end + 4));
  }

  #ask() {
    if (this.#isStopping || this.#isClosed) return;
    this.#expect(`echo ${this.echoes}`);
    this.#socket.write(frameOf('client', 1, Buffer.from(`echo ${this.echoes}`)));
  }

  #receiveFrames(chunk) {
    for (const { opcode, isFinal, payload } of this.#parser.push(chunk)) {
      if (opcode === 8) {
        this.#isClosed = true;
        if (!this.#isStopping) this.closings.push(payload.readUInt16BE(0));
        this.#socket.write(frameOf('client', 8, closePayload(1000)));
      } else if (opcode === 9) this.#socket.write(frameOf('client', 10, payload));
      else if (opcode <= 2) this.#receiveData(opcode, isFinal, payload);
    }
  }

  #receiveData(opcode, isFinal, payload) {
    if (opcode !== 0) this.#isText = opcode === 1;
    this.#message.push(payload);
    if (!isFinal) return;
    const whole = Buffer.concat(this.#message);
    this.#message = [];
    if (whole.toString() !== `echo ${this.echoes}`) {
      this.received.push(readPayload(CONTROL, whole, this.#isText));
      return;
    }
    this.echoes++;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), REST);
  }
}

/** Serves the control client of the process under test: echoes its messages. */
export function serveControl({ socket }) {
  const parser = new FrameParser();
  let head = Buffer.alloc(0);
  let isOpen = false;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    if (!isOpen) {
      head = Buffer.concat([head, chunk]);
      if (!head.includes('\r\n\r\n')) return;
      isOpen = true;
      socket.write(serializeResponse(parseRequest(head.toString('latin1'))));
      return;
    }
    for (const { opcode, payload } of parser.push(chunk)) {
      if (opcode === 1) socket.write(frameOf('server', 1, payload));
      if (opcode === 8) socket.end(frameOf('server', 8, payload));
    }
  });
}
