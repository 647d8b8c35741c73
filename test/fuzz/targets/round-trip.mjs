// What one end sends arrives at the other. Whatever is called, neither end blames the other.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { scalarKernels } from 'wirespeed/protocol';
import { nodeKernels } from '../../../dist/internal/node-kernels.js';
import { piecesOf } from '../bytes.mjs';
import { role, sizes } from '../frames.mjs';
import { eventOf, message, sendBy } from '../messages.mjs';
import { SmallOutput } from '../small-output.mjs';
import { WatchedSession } from '../watched-session.mjs';

const KERNELS = { scalar: scalarKernels, simd: nodeKernels() };
const other = { client: 'server', server: 'client' };

function checkRoundTrip({ sender, kernels, room, messages, sizes: pieceSizes }) {
  const output = room === 0 ? undefined : new SmallOutput(room);
  const from = WatchedSession.open(sender, { kernels: KERNELS[kernels], output });
  const to = WatchedSession.open(other[sender], { kernels: KERNELS[kernels] });
  for (const each of messages) sendBy(from.session, each);
  for (const piece of piecesOf(from.output.take(), pieceSizes)) to.receive(piece);
  assert.deepEqual(to.events, messages.map(eventOf));
}

export const roundTrip = {
  name: 'round-trip',
  about: 'any messages come out of our reader as they went into our writer, in any pieces',
  arbitrary: fc.record({
    sender: role,
    kernels: fc.constantFrom(...Object.keys(KERNELS)),
    // The size of the output's memory; 0 for memory that grows.
    room: fc.oneof(fc.constant(0), fc.integer({ min: 14, max: 300 })),
    messages: fc.array(message, { maxLength: 8 }),
    sizes: fc.oneof(sizes, fc.constant([70_000])),
  }),
  check: checkRoundTrip,
};

const side = role;
const call = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send'), side, message }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fragment'),
      side,
      text: fc.string({ maxLength: 5 }),
      isFinal: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('deliver'),
      side,
      count: fc.oneof(fc.nat(30), fc.constant(100_000)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('close'),
      side,
      code: fc.constantFrom(1000, 1001, 4999, null),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause'), side, isPaused: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('block'), side, isBlocked: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('wait'),
      side,
      time: fc.constantFrom(1, 5000, 14_999, 20_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('end', 'lose'), side }) },
);

/** The only errors that a call at the wrong time may throw. */
const CALLERS_ERRORS = new Set(['WS_LOCAL_PROTOCOL', 'WS_CONNECTION_CLOSED']);
/** Failures that are possible if both ends keep the rules: none of them blames the other end. */
const MAY_FAIL = /^failure:(?:WS_TIMEOUT|WS_TRANSPORT|WS_HANDSHAKE)/;

class Couple {
  now = 0;
  sent = { client: [], server: [] };
  /** The bytes that have left each side and not arrived. */
  #under = { client: Buffer.alloc(0), server: Buffer.alloc(0) };
  #fragments = { client: undefined, server: undefined };

  constructor() {
    this.client = WatchedSession.open('client');
    this.server = WatchedSession.open('server');
  }

  act(step) {
    const watched = this[step.side];
    const { session } = watched;
    if (step.do === 'send') this.#try(() => this.#send(step.side, step.message));
    else if (step.do === 'fragment') this.#try(() => this.#fragment(step));
    else if (step.do === 'deliver') this.deliver(step.side, step.count);
    else if (step.do === 'close') session.close(step.code ?? undefined, '', this.now);
    else if (step.do === 'pause') session.isPaused = step.isPaused;
    else if (step.do === 'block') {
      watched.output.isBlocked = step.isBlocked;
      if (!step.isBlocked) session.handleWritable(this.now);
    } else if (step.do === 'wait') {
      this.now += step.time;
      for (const each of [this.client, this.server]) each.session.handleTimeout(this.now);
    } else if (step.do === 'end') session.receiveEof(this.now);
    else session.abandon();
  }

  /** Lets that many bytes from a side arrive, as far as the other end reads them. */
  deliver(from, count) {
    const { session } = this[other[from]];
    this.#under[from] = Buffer.concat([this.#under[from], this[from].output.take()]);
    const piece = Uint8Array.from(this.#under[from].subarray(0, count));
    const taken = session.receive(piece, 0, piece.length, this.now);
    // The bytes that were not read must be unchanged, because they are given again.
    this.#under[from] = Buffer.concat([
      piece.subarray(taken),
      this.#under[from].subarray(piece.length),
    ]);
  }

  #send(from, each) {
    const isControl = each.kind === 'ping' || each.kind === 'pong';
    if (each.parts.length > 1 && this.#fragments[from] !== undefined) return;
    sendBy(this[from].session, each);
    if (!isControl) this.sent[from].push(eventOf(each));
  }

  #fragment({ side: from, text, isFinal }) {
    this[from].session.sendFragment(text, true, isFinal);
    this.#fragments[from] = (this.#fragments[from] ?? '') + text;
    if (!isFinal) return;
    this.sent[from].push(eventOf({ kind: 'text', parts: [this.#fragments[from]] }));
    this.#fragments[from] = undefined;
  }

  #try(work) {
    try {
      work();
    } catch (error) {
      if (!CALLERS_ERRORS.has(error.code)) throw error;
    }
  }
}

function checkCalls({ steps }) {
  const couple = new Couple();
  for (const step of steps) couple.act(step);
  for (const from of ['client', 'server', 'client', 'server']) {
    couple[from].session.isPaused = false;
    couple[other[from]].session.isPaused = false;
    for (let i = 0; i < 3; i++) couple.deliver(from, 1_000_000);
  }
  for (const from of ['client', 'server']) {
    const to = couple[other[from]];
    const wasClean = to.session.received !== undefined && to.failure === undefined;
    to.end();
    const failures = to.events.filter((event) => event.startsWith('failure'));
    assert(
      failures.every((event) => MAY_FAIL.test(event)),
      `${failures} at the ${other[from]}`,
    );
    const heard = to.events.filter((event) => /^(?:text|binary):/.test(event));
    assert.deepEqual(heard, couple.sent[from].slice(0, heard.length), 'other messages arrived');
    if (wasClean)
      assert.equal(heard.length, couple.sent[from].length, 'closed cleanly, with messages lost');
  }
}

export const calls = {
  name: 'calls',
  about:
    'two ends on which anything is called at any time never accuse each other, nor lose a message and close cleanly',
  arbitrary: fc.record({ steps: fc.array(call, { maxLength: 40 }) }),
  check: checkCalls,
};
