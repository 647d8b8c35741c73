import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeEnd } from '../../harness/child.mjs';
import { Answer } from '../../harness/client-process.mjs';

test('puts the lines of an answer together and ignores what is not of the protocol', () => {
  const results = /** @type {object[]} */ ([]);
  const answer = new Answer((result) => results.push(result));
  answer.take('Warning: something');
  answer.take('null');
  answer.take('{"type":"samples","times":[1,2]}');
  answer.take('{"type":"samples","times":[3]}');
  answer.take('{"type":"finished","messages":3}');
  answer.take('{"type":"finished","messages":0}');
  answer.take('{"type":"failed","reason":"refused"}');
  assert.deepEqual(results, [
    { messages: 3, times: [1, 2, 3] },
    { messages: 0, times: [] },
  ]);
  assert.equal(answer.failure, 'refused');
});

test('says how a process ended and what it said last', () => {
  assert.equal(describeEnd(null, 'SIGSEGV', ''), 'was ended by SIGSEGV');
  const stack = 'file.js:1\nTypeError: no\n    at file.js:1:1\n\nNode.js v20.20.2\n';
  assert.equal(describeEnd(1, null, stack), 'exited with code 1: TypeError: no');
  assert.equal(describeEnd(3, null, 'bye\n'), 'exited with code 3: bye');
});
