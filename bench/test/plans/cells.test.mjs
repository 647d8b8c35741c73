import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellTitle, listCells } from '../../plans/cells.mjs';

test('names cells by all that tells them apart', () => {
  assert.equal(cellTitle({ mode: 'rr', size: 65_536 }), 'Request-response, 64 KiB');
  assert.equal(
    cellTitle({ mode: 'receive', size: 100_000, content: 'ascii', connections: 64 }),
    'Receiving only, 100000 B of ASCII text, 64 connections',
  );
  assert.equal(
    cellTitle({ mode: 'rr', size: 512, rate: 1000, compression: 'json' }),
    'Request-response, 512 B, 1000 messages/s, compressed json',
  );
  assert.equal(cellTitle({ mode: 'memory', size: 0 }), 'memory');
});

test('lists request-response before pipelined and small before large', () => {
  assert.deepEqual(listCells(['pipelined', 'rr'], [65_536, 512]).map(cellTitle), [
    'Request-response, 512 B',
    'Request-response, 64 KiB',
    'Pipelined, 512 B',
    'Pipelined, 64 KiB',
  ]);
});
