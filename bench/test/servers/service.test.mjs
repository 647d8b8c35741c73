import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import process from 'node:process';
import { test } from 'node:test';
import { makePayloads } from '../../peers/payloads.mjs';
import { serviceOf } from '../../servers/service.mjs';

/**
 * @param {string} path
 * @param {readonly (Uint8Array | string)[]} messages
 */
function answers(path, messages) {
  const serve = serviceOf(path);
  const replies = /** @type {(Uint8Array | string)[]} */ ([]);
  for (const message of messages) serve(message, (reply) => replies.push(reply));
  return replies;
}

test('echoes on any path it does not know', () => {
  for (const path of ['/', '/other', '/flood', '/flood/0/5', '/take/none']) {
    assert.deepEqual(answers(path, ['text', Buffer.from('bytes')]), ['text', Buffer.from('bytes')]);
  }
});

test('stamps bytes that have room for it, and leaves the rest as it is', () => {
  const before = process.hrtime.bigint();
  const [reply, text, short] = answers('/stamped', [Buffer.alloc(20, 7), 'text', Buffer.alloc(15)]);
  const bytes = /** @type {Buffer} */ (reply);
  assert.ok(bytes.readBigUInt64LE(0) >= before);
  assert.ok(bytes.readBigUInt64LE(8) >= bytes.readBigUInt64LE(0));
  assert.deepEqual(bytes.subarray(16), Buffer.alloc(4, 7));
  assert.equal(text, 'text');
  assert.deepEqual(short, Buffer.alloc(15));
});

test('answers one message by a flood that goes on where the last one ended', () => {
  const payloads = makePayloads(20);
  const replies = answers('/flood/20/100', [Buffer.of(1), Buffer.of(2)]);
  assert.equal(replies.length, 200);
  assert.deepEqual(replies[130], payloads[130 % payloads.length]);
});

test('acknowledges each batch by the first bytes of its last message', () => {
  const messages = Array.from({ length: 7 }, (_, i) => Buffer.alloc(20, i));
  assert.deepEqual(answers('/take/3', messages), [Buffer.alloc(8, 2), Buffer.alloc(8, 5)]);
});
