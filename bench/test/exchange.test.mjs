import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { DISTINCT_PAYLOADS, Exchange, makePayloads } from '../peers/exchange.mjs';

/**
 * @param {number} window
 * @param {object} [rest]
 */
function exchangeOf(window, rest) {
  return new Exchange({
    mode: 'pipelined',
    size: 20,
    window,
    warmUp: { time: 0, messages: 2 * window },
    measure: { time: 0, samples: 3, messages: 1000 },
    ...rest,
  });
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

test('never takes more messages than its bound', () => {
  const exchange = exchangeOf(1, { measure: { time: 60_000, samples: 3, messages: 50 } });
  converse(exchange);
  assert.equal(exchange.result?.messages, 50);
});

test('reports the CPU of client and server', { skip: process.platform !== 'linux' }, () => {
  const exchange = exchangeOf(1, { serverPid: process.pid });
  converse(exchange);
  assert.ok(Number(exchange.result?.clientUser) >= 0);
  assert.equal(typeof exchange.result?.serverTicks, 'number');
});

test('knows no CPU of a server that is gone', () => {
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
      /reply 0 is not what was sent/,
    );
  }
});

test('rejects swapped replies and replies to nothing', () => {
  const exchange = exchangeOf(2);
  const first = exchange.next();
  const second = exchange.next();
  assert.throws(() => exchange.reply(second), /not what was sent/);
  assert.throws(() => {
    for (let i = 0; i < 1000; i++)
      if (!exchange.reply(exchange.payloads[i % DISTINCT_PAYLOADS] ?? first)) break;
    for (let i = 0; i < 1000; i++) exchange.count();
  }, /more replies than messages/);
});

test('makes payloads that start with their number and all differ', () => {
  for (const size of [8, 20, 512]) {
    const payloads = makePayloads(size);
    assert.equal(payloads.length, DISTINCT_PAYLOADS);
    assert.ok(
      payloads.every(
        (payload, index) => payload.length === size && payload.readUInt32LE() === index,
      ),
    );
    assert.equal(new Set(payloads.map(String)).size, DISTINCT_PAYLOADS);
  }
});
