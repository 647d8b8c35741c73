import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellTitle } from '../../plans/cells.mjs';

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
