// A session of the built package. It records its events, and checks what must be true of every session.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { MaskingKeys, OutputBuffer, Session, scalarKernels } from 'wirespeed/protocol';
import { ZlibCompression } from '../../dist/internal/compression.js';
import { guarded, isIntact, toHex } from './bytes.mjs';
import { extensionOf } from './deflated.mjs';

/** The nonce of the example in RFC 6455 §1.3, and the answer to its key. */
const NONCE = new TextEncoder().encode('the sample nonce');
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const REQUEST = `GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n`;
const RESPONSE = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`;
const OFFER = 'permessage-deflate; client_max_window_bits';

export const LIMITS = {
  maxMessageSize: 1024 * 1024,
  maxFragments: 16,
  openTimeout: 10_000,
  closeTimeout: 5000,
  pingInterval: 20_000,
  pingTimeout: 15_000,
};

const STATES = new Set(['connecting', 'open', 'closing', 'closed']);
const decoder = new TextDecoder('utf-8', { fatal: true });

export function sha1Base64(text) {
  return createHash('sha1').update(text).digest('base64');
}

/** Masking keys that are the same in every run. No two keys in a row are the same. */
export function countingKeys() {
  let seed = 0x37fa213d;
  return new MaskingKeys((bytes) => {
    for (let i = 0; i < bytes.length; i++) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[i] = seed >>> 24;
    }
  }, 16);
}

/** Compression for one session, with those settings. */
export function compressionOf(settings) {
  return new ZlibCompression({
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
    threshold: 0,
    level: -1,
    memLevel: 8,
    ...settings,
  });
}

/** The settings with which a server agrees to exactly these parameters. */
function settingsOf({ server, client }) {
  return {
    serverNoContextTakeover: server.noContextTakeover,
    clientNoContextTakeover: client.noContextTakeover,
    serverMaxWindowBits: server.windowBits,
    clientMaxWindowBits: client.windowBits,
  };
}

/** A session, its output and its events, such as `text:6869` or `failure:WS_REMOTE_PROTOCOL:1002`. */
export class WatchedSession {
  events = [];
  failure;
  #onEvent;
  #decide;

  constructor(role, options = {}) {
    this.role = role;
    this.output = options.output ?? new OutputBuffer();
    this.#onEvent = options.onEvent ?? (() => {});
    this.#decide = options.decide ?? ((session) => session.accept('', [], 0));
    const sessionOptions = {
      kernels: options.kernels ?? scalarKernels,
      output: this.output,
      sink: this.#sink(),
      limits: { ...LIMITS, ...options.limits },
      autoPong: true,
      deliversFrames: options.deliversFrames ?? false,
      sha1: sha1Base64,
      compression: options.compression,
    };
    const client = {
      host: 'server.example.com',
      target: '/chat',
      protocols: options.protocols ?? [],
      headers: [],
      nonce: NONCE,
      maskingKeys: countingKeys(),
    };
    this.session =
      role === 'client'
        ? Session.client(sessionOptions, client, 0)
        : Session.server(sessionOptions, 0);
    if (role === 'client') this.output.take();
  }

  /**
   * Makes a session whose opening handshake is done and removed from the output and the events.
   *
   * @param options `agreed`: how messages are compressed
   */
  static open(role, { agreed, ...options } = {}) {
    const isClient = role === 'client';
    let head = isClient ? RESPONSE : REQUEST;
    let compression;
    if (agreed !== undefined) {
      compression = compressionOf(isClient ? {} : settingsOf(agreed));
      head += `Sec-WebSocket-Extensions: ${isClient ? extensionOf(agreed) : OFFER}\r\n`;
    }
    const watched = new WatchedSession(role, { ...options, compression });
    watched.receive(Buffer.from(`${head}\r\n`));
    assert.equal(watched.session.state, 'open');
    assert.equal(watched.session.extensions !== '', agreed !== undefined);
    watched.output.take();
    watched.events.length = 0;
    return watched;
  }

  /** Gives the session a piece, resumes it after every pause, and checks that only the piece was written. */
  receive(piece, now = 0) {
    const memory = guarded(piece);
    for (let { start } = memory; start < memory.end; ) {
      const next = this.session.receive(memory.memory, start, memory.end, now);
      assert(next >= start && next <= memory.end, 'receive tells a place outside of the piece');
      assert(next > start || this.session.isPaused, 'receive takes no bytes');
      this.session.isPaused = false;
      start = next;
    }
    assert(isIntact(memory), 'memory around the piece was written');
  }

  /** Ends the connection, and checks what must be true of every ended session. */
  end() {
    const { session, events } = this;
    assert(STATES.has(session.state), `the state ${session.state} is not documented`);
    session.receiveEof(1);
    assert.equal(session.state, 'closed');
    assert.equal(session.nextTimeout(), Number.POSITIVE_INFINITY);
    assert.equal(events.indexOf('closed'), events.length - 1, 'closed is not the last event');
    const failed = events.findIndex((event) => event.startsWith('failure'));
    if (failed >= 0) {
      const after = events.slice(failed + 1).filter((event) => event !== 'shutdown');
      assert.deepEqual(after, ['closed'], 'something was told after the failure');
    }
    session.receive(new Uint8Array(100), 0, 100, 1);
    assert.equal(events.at(-1), 'closed', 'something was told after the end');
  }

  /** Everything that must be the same in another session that got the same bytes. */
  summary() {
    const { session, events } = this;
    const { state, received, closeCode, wasClean, protocol, extensions } = session;
    // The error for bytes that are not HTTP quotes them as far as they have arrived.
    const failure = this.failure?.message.replace(/ begins with .*/s, '');
    return {
      events: [...events],
      failure,
      state,
      received,
      closeCode,
      wasClean,
      protocol,
      extensions,
    };
  }

  #tell(event) {
    this.events.push(event);
    this.#onEvent(this.session, event);
  }

  #sink() {
    const tell = (event) => this.#tell(event);
    return {
      onRequest: (request) => {
        tell(`request:${request.target}`);
        this.#decide(this.session, request);
      },
      onOpen: () => tell('open'),
      onMessage: (bytes, start, end, isText) => {
        // This throws for text that is not UTF-8, which must never be delivered.
        if (isText) decoder.decode(bytes.subarray(start, end));
        tell(`${isText ? 'text' : 'binary'}:${toHex(bytes, start, end)}`);
      },
      onFrame: (isFinal, opcode, bytes, start, end) =>
        tell(`frame:${opcode}${isFinal ? '' : '+'}:${toHex(bytes, start, end)}`),
      onPing: (bytes, start, end) => tell(`ping:${toHex(bytes, start, end)}`),
      onPong: (bytes, start, end) => tell(`pong:${toHex(bytes, start, end)}`),
      onFailure: (error) => {
        assert.equal(this.failure, undefined, 'a second failure was told');
        this.failure = error;
        tell(`failure:${error.code}:${error.closeCode ?? ''}`);
      },
      onShutdown: () => tell('shutdown'),
      onClosed: () => tell('closed'),
    };
  }
}
