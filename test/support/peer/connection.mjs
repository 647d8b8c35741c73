// One connection of the peer. It does what its script says, answers pings and close frames, and
// records what it saw.
import { createHash } from 'node:crypto';
import { FrameParser, RSV1, serializeFrame } from './frames.mjs';
import { parseRequest, scriptOf, serializeResponse } from './opening.mjs';
import { Outlet } from './outlet.mjs';
import { patternBytes } from './pattern.mjs';

/** Payloads of more bytes are not recorded. */
const MAX_NOTED = 4096;
/** Most frames recorded, without close frames: a client that answers a flood sends millions. */
const MAX_FRAMES = 10_000;
const KINDS = { 8: 'close', 9: 'ping', 10: 'pong' };

export class PeerConnection {
  /** What is reported to the test. */
  seen = {
    request: undefined,
    frames: [],
    faults: [],
    /** Bytes of payload in messages. */
    bytes: 0,
    /** Reads of the socket. */
    reads: 0,
    /** SHA-256 of all payload in data frames, in hexadecimal; at the end. */
    digest: undefined,
    hasEnded: false,
    error: undefined,
    isOver: false,
  };
  #socket;
  #raw;
  #outlet;
  #onIdentified;
  #onOver;
  #head = Buffer.alloc(0);
  #parser = new FrameParser();
  #script;
  #message = [];
  #messageOpcode = 0;
  #isCompressed = false;
  #hash = createHash('sha256');
  #isEchoing = false;
  #hasSentClose = false;
  /** Events that no `wait` step has used yet. None are kept after the last step. */
  #events = [];
  #isAtEnd = false;
  #waiting;

  /** `raw` is the TCP socket; `socket` is the same one, or TLS on it. */
  constructor({ raw, socket, isTrickling, onIdentified, onOver }) {
    this.#raw = raw;
    this.#socket = socket;
    this.#outlet = new Outlet(socket, isTrickling);
    this.#onIdentified = onIdentified;
    this.#onOver = onOver;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('end', () => this.#receiveEnd());
    socket.on('error', (error) => {
      this.seen.error ??= error.code ?? error.message;
    });
    socket.on('close', () => this.#finish());
  }

  /** The test lets a script go on that waits for its word. */
  goOn() {
    this.#tell('word');
  }

  #receive(chunk) {
    this.seen.reads++;
    if (this.#script === undefined) this.#receiveHead(chunk);
    else if (this.#script.opening?.response === undefined) this.#receiveFrames(chunk);
  }

  #receiveHead(chunk) {
    this.#head = Buffer.concat([this.#head, chunk]);
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const request = parseRequest(this.#head.toString('latin1', 0, end));
    const rest = this.#head.subarray(end + 4);
    this.#script = scriptOf(request);
    this.seen.request = request;
    this.#onIdentified(this.#script.id, this);
    const { opening, steps } = this.#script;
    if (opening?.isMute) return;
    this.#parser.allowsCompression = opening?.headers?.['Sec-WebSocket-Extensions'] !== undefined;
    this.#outlet.write(serializeResponse(request, opening));
    this.#run(steps);
    if (rest.length > 0) this.#receiveFrames(rest);
  }

  #receiveFrames(chunk) {
    for (const frame of this.#parser.push(chunk)) {
      const { opcode, isFinal, rsv, payload, faults } = frame;
      this.seen.faults.push(...faults);
      if (opcode === 8 || this.seen.frames.length < MAX_FRAMES) {
        const noted = payload.length > MAX_NOTED ? undefined : payload.toString('hex');
        this.seen.frames.push({ opcode, isFinal, length: payload.length, payload: noted });
      }
      if (opcode >= 8) this.#receiveControl(opcode, payload);
      else this.#receiveData(opcode, isFinal, rsv === RSV1, payload);
    }
  }

  #receiveControl(opcode, payload) {
    this.#tell(KINDS[opcode]);
    if (opcode === 9 && !this.#script.ignoresPings) this.#outlet.write(serializeFrame(10, payload));
    if (opcode !== 8 || this.#script.ignoresClose) return;
    if (!this.#hasSentClose) this.#outlet.write(serializeFrame(8, payload.subarray(0, 2)));
    this.#hasSentClose = true;
    this.#outlet.end();
  }

  #receiveData(opcode, isFinal, isCompressed, payload) {
    this.#message.push(payload);
    if (opcode !== 0) {
      this.#messageOpcode = opcode;
      this.#isCompressed = isCompressed;
    }
    this.seen.bytes += payload.length;
    this.#hash.update(payload);
    if (!isFinal) return;
    const message = Buffer.concat(this.#message);
    this.#message = [];
    if (this.#messageOpcode === 1 && !this.#isCompressed && !isUtf8(message)) {
      this.seen.faults.push('text that is not UTF-8 (§8.1)');
    }
    if (this.#isEchoing) this.#outlet.write(serializeFrame(this.#messageOpcode, message));
    this.#tell('message');
  }

  #receiveEnd() {
    this.seen.hasEnded = true;
    this.#tell('end');
    if (!this.#script?.ignoresEnd) this.#outlet.end();
  }

  #finish() {
    this.seen.isOver = true;
    this.seen.digest = this.#hash.digest('hex');
    this.#tell('over');
    this.#onOver();
  }

  #tell(event) {
    if (this.#isAtEnd) return;
    this.#events.push(event);
    this.#waiting?.();
  }

  /** Waits until an event has come `count` times since the last wait; false if it never will. */
  async #wait(event, count = 1) {
    for (let left = count; left > 0; ) {
      const next = this.#events.shift();
      if (next === event) left--;
      else if (next === 'over') return false;
      else if (next === undefined) {
        await new Promise((resolve) => {
          this.#waiting = resolve;
        });
      }
    }
    return true;
  }

  async #run(steps) {
    for (const step of steps) {
      if (this.seen.isOver) return;
      if (step.wait !== undefined) {
        if (!(await this.#wait(step.wait, step.count))) return;
      } else if (step.sleep !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, step.sleep));
      } else {
        this.#do(step);
      }
    }
    this.#isAtEnd = true;
    this.#events = [];
  }

  #do(step) {
    const outlet = this.#outlet;
    if (step.send !== undefined) {
      const bytes = Buffer.from(step.send, 'hex');
      for (let left = step.times ?? 1; left > 0; left--) outlet.write(bytes);
    }
    if (step.sendPattern !== undefined) {
      const { size, isText } = step.sendPattern;
      outlet.write(serializeFrame(isText ? 1 : 2, patternBytes(size, isText)));
    }
    if (step.flood !== undefined) outlet.flood(Buffer.from(step.flood.repeat(step.times), 'hex'));
    if (step.echo) this.#isEchoing = true;
    if (step.close !== undefined) {
      this.#hasSentClose = true;
      outlet.write(serializeFrame(8, Buffer.from(step.close, 'hex')));
    }
    if (step.end) outlet.end();
    if (step.reset) outlet.afterwards(() => this.#raw.resetAndDestroy());
    if (step.destroy) outlet.afterwards(() => this.#raw.destroy());
    if (step.stopReading) this.#socket.pause();
    if (step.readAgain) this.#socket.resume();
    if (step.readOnceSent) {
      outlet.afterwards(() => this.#socket.write('', () => this.#socket.resume()));
    }
  }
}

function isUtf8(bytes) {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
