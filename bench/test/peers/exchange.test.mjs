import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { Exchange, readStamp } from '../../peers/exchange.mjs';
import {
  distinctPayloads,
  makeJson,
  makePayloads,
  makeRandom,
  makeTexts,
} from '../../peers/payloads.mjs';

/**
 * @param {number} window
 * @param {object} [rest]
 */
function exchangeOf(window, rest) {
  return new Exchange(taskOf(window, rest));
}

/**
 * @param {number} window
 * @param {object} [rest]
 */
function taskOf(window, rest) {
  return {
    mode: 'pipelined',
    size: 20,
    content: 'binary',
    window,
    repliesPerMessage: 1,
    messagesPerReply: 1,
    perSample: window,
    isStamped: false,
    warmUp: { time: 0, messages: 2 * window, limit: 60_000 },
    measure: { time: 0, samples: 3, limit: 60_000, messages: 1000 },
    ...rest,
  };
}

/**
 * Echoes everything at once, in order, as a perfect server would.
 *
 * @param {Exchange} exchange
 */
function converse(exchange) {
  const inFlight = [];
  for (let i = 0; i < exchange.window; i++) inFlight.push(exchange.next());
  let replies = 0;
  for (let data = inFlight.shift(); data; data = inFlight.shift()) {
    const next = exchange.reply(Uint8Array.from(data));
    if (next) inFlight.push(next);
    replies++;
  }
  return replies;
}

for (const window of [1, 100]) {
  test(`stops after its samples and drains its window of ${window}`, () => {
    const exchange = exchangeOf(window);
    const replies = converse(exchange);
    assert.ok(exchange.isDone);
    assert.equal(exchange.result?.messages, 3 * window);
    assert.equal(exchange.result?.times.length, 3);
    // Two windows of warm-up, three measured, and one that was in flight when measuring ended.
    assert.equal(replies, (2 + 3 + (window === 1 ? 0 : 1)) * window - (window === 1 ? 0 : 1));
  });
}

test('ends at the limit with the samples that a slow client has by then', () => {
  const exchange = exchangeOf(1, {
    warmUp: { time: 0, messages: 1e9, limit: 5 },
    measure: { time: 0, samples: 1e9, limit: 5, messages: 1_000_000 },
  });
  converse(exchange);
  assert.ok(exchange.isDone);
  assert.ok(Number(exchange.result?.messages) > 0);
});

test('never takes more messages than its bound', () => {
  const exchange = exchangeOf(1, {
    measure: { time: 60_000, samples: 3, limit: 60_000, messages: 50 },
  });
  converse(exchange);
  assert.equal(exchange.result?.messages, 50);
});

test('reports the CPU of client and server', { skip: process.platform !== 'linux' }, () => {
  const exchange = exchangeOf(1, { serverPid: process.pid });
  converse(exchange);
  assert.ok(Number(exchange.result?.clientUser) >= 0);
  assert.deepEqual(Object.keys(exchange.result?.serverTicks ?? {}), ['user', 'system']);
});

test('has no CPU of a server that has ended', () => {
  const exchange = exchangeOf(1, { serverPid: 2 ** 30 });
  converse(exchange);
  assert.equal(exchange.result?.serverTicks, undefined);
});

test('rejects a reply with one wrong byte, one too many or one too few', () => {
  for (const spoil of [
    (/** @type {Uint8Array} */ data) => data.with(19, 255),
    (/** @type {Uint8Array} */ data) => Uint8Array.from([...data, 0]),
    (/** @type {Uint8Array} */ data) => data.subarray(0, 19),
  ]) {
    const exchange = exchangeOf(1);
    const sent = exchange.next();
    assert.throws(
      () => exchange.reply(spoil(Uint8Array.from(sent))),
      /reply 0 is not what was expected/,
    );
  }
});

test('rejects swapped replies and replies to nothing', () => {
  const exchange = exchangeOf(2);
  const first = exchange.next();
  const second = exchange.next();
  assert.throws(() => exchange.reply(second), /not what was expected/);
  assert.throws(() => {
    for (let i = 0; i < 1000; i++)
      if (!exchange.reply(exchange.payloads[i % exchange.payloads.length] ?? first)) break;
    for (let i = 0; i < 1000; i++) exchange.count();
  }, /more replies than messages/);
});

test('answers a flood with one request for so many messages', () => {
  const exchange = exchangeOf(2, { repliesPerMessage: 5, perSample: 5 });
  assert.equal(exchange.path, '/flood/20/5');
  const flood = makePayloads(20);
  let flooded = 0;
  let requests = 0;
  const pending = [exchange.next(), exchange.next()];
  while (pending.pop()) {
    requests++;
    for (let i = 0; i < 5; i++) {
      const next = exchange.reply(Buffer.from(flood[flooded++ % flood.length] ?? ''));
      assert.equal(exchange.more(), undefined);
      if (next) pending.push(next);
    }
  }
  assert.ok(exchange.isDone);
  assert.equal(exchange.result?.messages, 15);
  assert.equal(requests, flooded / 5);
});

test('sends a batch for each acknowledgement of one, which it checks', () => {
  const exchange = exchangeOf(6, { messagesPerReply: 3, perSample: 3 });
  assert.equal(exchange.path, '/take/3');
  const sent = Array.from({ length: 6 }, () => exchange.next());
  let acknowledged = 0;
  while (acknowledged < sent.length) {
    acknowledged += 3;
    const last = /** @type {Buffer} */ (sent[acknowledged - 1]);
    let next = exchange.reply(Buffer.from(last.subarray(0, 8)));
    for (; next; next = exchange.more()) sent.push(next);
  }
  assert.ok(exchange.isDone);
  assert.equal(exchange.result?.messages, 9);
  assert.equal(sent.length % 3, 0);
  const wrong = exchangeOf(6, { messagesPerReply: 3, perSample: 3 });
  const first = wrong.next();
  assert.throws(() => wrong.reply(first.subarray(0, 8)), /not what was expected/);
});

test('sends and expects strings where the content is text', () => {
  const exchange = exchangeOf(1, { content: 'mixed' });
  const text = exchange.next();
  assert.equal(typeof text, 'string');
  assert.equal(typeof exchange.reply(`${text}`), 'string');
  assert.throws(() => exchange.reply(text), /not what was expected/);
});

test('makes texts of so many bytes that start with their number and all differ', () => {
  for (const size of [20, 21, 22, 23, 512, 65_536]) {
    for (const content of ['ascii', 'mixed']) {
      const texts = makeTexts(content, size);
      assert.equal(texts.length, distinctPayloads(size));
      assert.ok(texts.every((text) => Buffer.byteLength(text) === size));
      assert.ok(texts.every((text, index) => Number(text.slice(0, 8)) === index));
      assert.equal(new Set(texts).size, texts.length);
      assert.equal(
        texts.every((text) => text.length === size),
        content === 'ascii',
      );
    }
  }
});

test('times each message where one makes a sample', () => {
  const exchange = exchangeOf(100, {
    perSample: 1,
    measure: { time: 0, samples: 7, limit: 60_000, messages: 1000 },
  });
  converse(exchange);
  assert.ok(exchange.isDone);
  assert.equal(exchange.result?.messages, 7);
  assert.equal(exchange.result?.times.length, 7);
  assert.ok(exchange.result.times.every((time) => time > 0));
});

test('tells the ways of a message from the stamps of its reply, and compares the rest', () => {
  const origin = 5_000_000;
  const exchange = new Exchange(taskOf(1, { perSample: 1, isStamped: true }), origin);
  assert.equal(exchange.path, '/stamped');
  let payload = /** @type {Uint8Array | undefined} */ (exchange.next());
  while (payload) {
    const reply = Buffer.from(payload);
    const now = BigInt(Math.round(performance.now() * 1e6) + origin);
    reply.writeBigUInt64LE(now, 0);
    reply.writeBigUInt64LE(now + 1000n, 8);
    payload = exchange.reply(reply);
  }
  const { times, sends, receives } = /** @type {any} */ (exchange.result);
  assert.equal(sends.length, times.length);
  for (const [index, time] of times.entries()) {
    assert.ok(Math.abs(sends[index] + receives[index] + 1 - time) < 0.01);
  }
  const spoilt = Buffer.from(exchange.next());
  spoilt[19] = 255;
  assert.throws(() => exchange.reply(spoilt), /not what was expected/);
});

test('reads times to the nanosecond', () => {
  const bytes = Buffer.alloc(10);
  for (const time of [0n, 1n, 0xff_ff_ff_ffn, 0x1_00_00_00_00n, 8_640_000_000_000_001n]) {
    bytes.writeBigUInt64LE(time, 2);
    assert.equal(readStamp(bytes, 2), Number(time));
  }
});

test('makes payloads that start with their number and all differ', () => {
  for (const size of [8, 20, 512, 65_536, 1_000_000]) {
    const payloads = makePayloads(size);
    assert.equal(payloads.length, distinctPayloads(size));
    assert.ok(
      payloads.every(
        (payload, index) => payload.length === size && payload.readUInt32LE() === index,
      ),
    );
    assert.equal(new Set(payloads.map(String)).size, payloads.length);
    assert.equal(new Set(payloads.map(({ buffer }) => buffer)).size, payloads.length);
  }
});

test('keeps all payloads in little memory, and at least two of them', () => {
  assert.equal(distinctPayloads(512), 128);
  assert.equal(distinctPayloads(65_536), 16);
  assert.equal(distinctPayloads(20 * 1024 * 1024), 2);
});

test('makes JSON of a given size, and bytes that cannot be compressed', () => {
  for (const size of [1024, 65_536]) {
    const texts = makeJson(size);
    assert.ok(texts.every((text) => Buffer.byteLength(text) === size));
    assert.equal(JSON.parse(texts[1] ?? '')[0].id, 1000);
    assert.ok(deflateRawSync(texts[0] ?? '').length < size / 3);
    const [bytes, other] = makeRandom(size);
    assert.equal(bytes?.length, size);
    assert.ok(deflateRawSync(bytes ?? '').length >= size);
    assert.notDeepEqual(bytes, other);
  }
});
