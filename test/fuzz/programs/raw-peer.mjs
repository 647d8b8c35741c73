// A peer on a raw socket, good or hostile. It does what its script says, and records what it saw.
// It shares no code with the library under test.
import { constants, inflateRawSync } from 'node:zlib';
import { FrameParser, RSV1 } from '../../support/peer/frames.mjs';
import { parseRequest, serializeResponse } from '../../support/peer/opening.mjs';
import { Outlet } from '../../support/peer/outlet.mjs';
import { payloadOf, readPayload } from './payloads.mjs';
import { closePayload, faultyFrame, frameOf, GARBAGE, REFUSAL, requestOf } from './peer-bytes.mjs';

const CLIENT_MUST_MASK = 'a client must mask its frames (§5.1)';
const PAYLOAD_END = Buffer.from([0, 0, 0xff, 0xff]);
/** Hostile targets of requests. */
const BAD_TARGET = '//';
/** How long a script waits for messages, in milliseconds. */
const MAX_WAIT = 100;
/** How long a slow reader rests, in milliseconds. */
const REST = 3;

function sleep(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}

export class RawPeer {
  /** The record for the judge. */
  record;
  #raw;
  #socket;
  #outlet;
  #role;
  #script;
  #journal;
  #head = Buffer.alloc(0);
  #parser = new FrameParser();
  #message = [];
  #isText = false;
  #isCompressed = false;
  #isFinishing = false;
  #wake = () => {};
  /** Whether the script is over. */
  isDone = false;

  /** `raw` is the TCP socket; `socket` is the same one, or TLS on it. `role` is the peer's own. */
  constructor({ raw, socket }, { end, role, script, journal }) {
    this.#raw = raw;
    this.#socket = socket;
    this.#role = role;
    this.#script = script;
    this.#journal = journal;
    this.#outlet = new Outlet(socket, script.isTrickling);
    this.record = {
      end,
      isGood: script.isGood,
      isSlow: script.isSlow === true,
      hasOpened: false,
      status: undefined,
      ledger: [],
      received: [],
      faults: [],
      /** The close frame that arrived. */
      closed: undefined,
      sentClose: undefined,
      hasClosedFirst: false,
      hasEnded: false,
      error: undefined,
      isOver: false,
    };
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('end', () => this.#receiveEnd());
    socket.on('error', (error) => {
      this.record.error ??= error.code ?? error.message;
    });
    socket.on('close', () => {
      this.record.isOver = true;
      this.#note(`over ${this.record.error ?? ''}`);
      this.isDone = true;
      this.#wake();
    });
    if (this.#opening === 'rawGarbage' && role === 'client') {
      raw.once('connect', () => raw.write(GARBAGE));
    }
    if (role === 'client')
      socket.once(socket === raw ? 'connect' : 'secureConnect', () => this.#ask());
    else this.#openEarly();
  }

  /** A good peer closes its connection, even if it is not open yet. */
  finish() {
    const { record } = this;
    if (!record.isGood || record.isOver) return;
    this.#isFinishing = true;
    if (record.hasOpened) this.#close(1000);
  }

  destroy() {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  get #opening() {
    return this.#script.opening ?? 'good';
  }

  #note(text) {
    this.#journal.note(this.record.end, `peer ${text}`);
  }

  #fault(text) {
    this.#note(`FAULT ${text}`);
    this.record.faults.push(text);
  }

  /** The request of a client. */
  #ask() {
    const { deflate } = this.#script;
    const link = `${this.record.end.slice(0, -1)}s`;
    const opening = this.#opening;
    if (opening !== 'good') this.#note(`opens badly: ${opening}`);
    if (opening === 'mute') return;
    if (this.#misopen(opening)) return;
    const target = opening === 'badTarget' ? BAD_TARGET : '/';
    const isPartial = opening === 'partial';
    const request = requestOf({ target, link, deflate, isPartial });
    // RFC 6455 §4.1: "the client MUST wait for a response from the server before sending any further data."
    const early = opening === 'early' ? [frameOf('client', 1, Buffer.from('early'))] : [];
    this.#outlet.write(Buffer.concat([request, ...early]));
  }

  /** What a server does before it has read the request. */
  #openEarly() {
    if (['garbage', 'rawGarbage', 'reset'].includes(this.#opening)) this.#misopen(this.#opening);
  }

  #misopen(opening) {
    if (opening === 'garbage') this.#outlet.write(GARBAGE);
    else if (opening === 'rawGarbage') this.#raw.write(GARBAGE);
    else if (opening === 'reset') this.#raw.resetAndDestroy();
    else if (opening === 'end') this.#outlet.end();
    else return false;
    this.isDone = true;
    return true;
  }

  #receive(chunk) {
    if (this.#script.isSlow) this.#rest();
    if (this.record.hasOpened) this.#receiveFrames(chunk);
    else this.#receiveHead(chunk);
  }

  /** A slow reader takes a rest after each piece. */
  #rest() {
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), REST);
  }

  #receiveHead(chunk) {
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#head.toString('latin1', 0, end);
    const rest = this.#head.subarray(end + 4);
    this.#head = Buffer.alloc(0);
    if (this.#role === 'client') this.#opened(head);
    else this.#answer(head);
    if (this.record.hasOpened && rest.length > 0) this.#receiveFrames(rest);
  }

  /** The answer to the peer's own request. */
  #opened(head) {
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    this.record.status = status;
    this.#note(`is answered ${status}`);
    if (status !== 101) {
      this.isDone = true;
      return;
    }
    this.#begin(/permessage-deflate/i.test(head));
  }

  /** The peer's answer to a request. */
  #answer(head) {
    const opening = this.#opening;
    if (opening === 'refusal') this.#outlet.write(REFUSAL);
    if (opening === 'badTarget')
      this.#outlet.write(
        serializeResponse(parseRequest(head), { headers: { 'Sec-WebSocket-Accept': 'x' } }),
      );
    if (opening === 'partial') this.#outlet.write(Buffer.from('HTTP/1.1 101 Switching'));
    if (opening !== 'good') {
      this.#note(`answers badly: ${opening}`);
      this.#misopen(opening);
      this.isDone = true;
      return;
    }
    const deflate = this.#script.deflate && /permessage-deflate/i.test(head);
    const headers = deflate
      ? {
          'Sec-WebSocket-Extensions':
            'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
        }
      : {};
    const response = serializeResponse(parseRequest(head), { headers });
    if (this.#script.isGlued) this.#socket.cork();
    this.#outlet.write(response);
    this.#begin(deflate);
    if (this.#script.isGlued) process.nextTick(() => this.#socket.uncork());
  }

  #begin(deflate) {
    this.record.hasOpened = true;
    this.#parser.allowsCompression = deflate;
    if (this.#isFinishing) this.#close(1000);
    this.#run();
  }

  async #run() {
    for (const step of this.#script.steps) {
      if (this.record.isOver || this.record.sentClose !== undefined) break;
      await this.#do(step);
    }
    this.isDone = true;
  }

  #do(step) {
    const { record } = this;
    switch (step.do) {
      case 'say':
        for (let i = 0; i < step.times; i++) this.#say(step);
        return undefined;
      case 'ping':
      case 'pong':
        this.#write(step.do === 'ping' ? 9 : 10, Buffer.alloc(step.size, 'p'));
        return undefined;
      case 'wait':
        return sleep(step.time);
      case 'hear':
        return this.#hear(record.received.length + step.count);
      case 'close':
        this.#close(step.code);
        return undefined;
      default:
        return this.#doHarm(step);
    }
  }

  #doHarm(step) {
    this.#note(`does harm: ${JSON.stringify(step)}`);
    const outlet = this.#outlet;
    switch (step.do) {
      case 'fault':
        outlet.write(faultyFrame(this.#role, step.which));
        return undefined;
      case 'flood': {
        const ping = frameOf(this.#role, 9, Buffer.alloc(20));
        outlet.write(Buffer.concat(Array(step.pings).fill(ping)));
        return undefined;
      }
      case 'partial': {
        const frame = frameOf(this.#role, 2, Buffer.alloc(100));
        outlet.write(frame.subarray(0, step.bytes));
        return undefined;
      }
      case 'end':
        outlet.end();
        return undefined;
      case 'reset':
        outlet.afterwards(() => this.#raw.resetAndDestroy());
        return undefined;
      case 'destroy':
        outlet.afterwards(() => this.#socket.destroy());
        return undefined;
      case 'stopReading':
        this.#socket.pause();
        return undefined;
      default:
        this.#socket.resume();
        return undefined;
    }
  }

  #write(opcode, payload, isFinal) {
    this.#outlet.write(frameOf(this.#role, opcode, payload, isFinal));
  }

  #say({ isText, size, fragments }) {
    const { ledger, end } = this.record;
    const number = ledger.length;
    ledger.push({ number, isText, isEmpty: size === 0, isLate: false, outcome: 'accepted' });
    const whole = Buffer.from(payloadOf(end, number, isText, size));
    const length = Math.ceil(whole.length / fragments);
    this.#note(`says #${number} (${size} in ${fragments})`);
    for (let i = 0; i < fragments; i++) {
      const opcode = i > 0 ? 0 : isText ? 1 : 2;
      this.#write(opcode, whole.subarray(i * length, (i + 1) * length), i === fragments - 1);
    }
  }

  #close(code) {
    if (this.record.sentClose !== undefined) return;
    this.#note(`closes with ${code}`);
    this.record.sentClose = code;
    this.record.hasClosedFirst = this.record.closed === undefined;
    this.#write(8, closePayload(code, code === 0 ? '' : 'by the peer'));
  }

  async #hear(count) {
    const until = performance.now() + MAX_WAIT;
    while (this.record.received.length < count && performance.now() < until && !this.isDone) {
      const heard = new Promise((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([heard, sleep(10)]);
    }
  }

  #receiveFrames(chunk) {
    for (const frame of this.#parser.push(chunk)) {
      this.#check(frame);
      if (frame.opcode >= 8) this.#receiveControl(frame);
      else this.#receiveData(frame);
    }
  }

  #check({ opcode, isMasked, faults }) {
    // The parser expects a client's frames.
    const others = faults.filter((text) => text !== CLIENT_MUST_MASK);
    if (isMasked === (this.#role === 'client')) others.push(`masked is ${isMasked}`);
    // RFC 6455 §5.5.2: a ping is answered "unless it already received a Close frame."
    if (this.record.closed !== undefined && opcode !== 10) {
      others.push(`a frame (${opcode}) after the close frame (§5.5.1)`);
    }
    for (const text of others) this.#fault(text);
  }

  #receiveControl({ opcode, payload }) {
    const { ignoresPings, ignoresClose } = this.#script;
    if (opcode === 9 && !ignoresPings) this.#write(10, payload);
    if (opcode !== 8) return;
    const code = payload.length < 2 ? 0 : payload.readUInt16BE(0);
    this.#note(`is told to close: ${code} ${payload.toString('utf8', 2)}`);
    this.record.closed = { code, reason: payload.toString('utf8', 2) };
    if (ignoresClose) return;
    if (this.record.sentClose === undefined) this.#close(code);
    // RFC 6455 §7.1.1: the TCP connection "SHOULD be closed first by the server".
    if (this.#role === 'server') this.#outlet.end();
  }

  #receiveData({ opcode, isFinal, rsv, payload }) {
    if (opcode !== 0) {
      this.#message = [];
      this.#isText = opcode === 1;
      this.#isCompressed = rsv === RSV1;
    }
    this.#message.push(payload);
    if (!isFinal) return;
    let whole = Buffer.concat(this.#message);
    if (this.#isCompressed) whole = this.#inflate(whole);
    if (whole === undefined) return;
    const message = readPayload(this.#otherEnd, whole, this.#isText);
    this.record.received.push(message);
    this.#note(`gets ${message.fault ?? `#${message.number}`}`);
    this.#wake();
  }

  get #otherEnd() {
    const { end } = this.record;
    return `${end.slice(0, -1)}${this.#role === 'client' ? 's' : 'c'}`;
  }

  #inflate(whole) {
    try {
      const finishFlush = constants.Z_SYNC_FLUSH;
      return inflateRawSync(Buffer.concat([whole, PAYLOAD_END]), { finishFlush });
    } catch (error) {
      this.#fault(`a message that does not inflate: ${error.message}`);
      return undefined;
    }
  }

  #receiveEnd() {
    this.record.hasEnded = true;
    this.#note('sees the end');
    if (!this.#script.ignoresEnd) this.#outlet.end();
  }
}
