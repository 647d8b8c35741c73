import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { PacedExchange } from '../../peers/paced-exchange.mjs';
import { planTaskFor } from '../../plans/tasks.mjs';

const CELL = { mode: 'paced', size: 20, rate: 1000 };

test('asks the server for its pace, sends everything back, and takes the latencies from the last message', () => {
  const task = planTaskFor(CELL, 100, true, true);
  const exchange = new PacedExchange(task);
  assert.equal(exchange.path, '/paced/20/1000/1000/500');
  const message = Buffer.alloc(20, 1);
  for (let i = 0; i < 1500; i++) assert.equal(exchange.reply(message), message);
  assert.equal(exchange.isDone, false);
  const latencies = Buffer.alloc(4 * 500);
  latencies.writeUInt32LE(1500, 4);
  assert.equal(exchange.reply(latencies), undefined);
  assert.equal(exchange.isDone, true);
  assert.equal(exchange.result?.messages, 500);
  assert.deepEqual(exchange.result?.times.slice(0, 3), [0, 1.5, 0]);
});

test('never has as many latencies as would be as long as a message', () => {
  for (const size of [8, 20, 512, 2000]) {
    const { counted } = planTaskFor({ ...CELL, size }, 100, true, true);
    assert.notEqual(Number(counted) * 4, size);
  }
});
