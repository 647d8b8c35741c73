import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeEnd } from '../harness/child.mjs';
import { Answer } from '../harness/client-process.mjs';
import { formatDuration } from '../harness/progress.mjs';
import { cellTitle, listCells } from '../plans/cells.mjs';
import { taskFor } from '../plans/tasks.mjs';
import { renderMissing } from '../report.mjs';
import { bunPackage, denoPackage } from '../setup/packages.mjs';

test('names in the last line what is missing and how to get it, each way once', () => {
  const hint = 'npm install --no-save @oven/bun-linux-x64@1.4.5';
  const text = renderMissing([
    { label: 'ws' },
    { label: 'Bun WebSocket', missing: 'not installed', hint },
    { label: "Bun's echo server", missing: 'not installed', hint },
  ]);
  assert.equal(
    text.replace(/\n\s+/g, ' '),
    `Missing: Bun WebSocket, Bun's echo server (not installed; ${hint}).`,
  );
  assert.equal(renderMissing([{ label: 'ws' }]), 'Missing: nothing.');
  // What loads a server is not there; the server is.
  const variant = { label: "ws's echo server", missing: 'not built', hint, isVariant: true };
  assert.equal(renderMissing([variant]), 'Missing: nothing.');
});

test('lists request-response before pipelined and small before large', () => {
  assert.deepEqual(listCells(['pipelined', 'rr'], [65_536, 512]).map(cellTitle), [
    'Request-response, 512 B',
    'Request-response, 64 KiB',
    'Pipelined, 512 B',
    'Pipelined, 64 KiB',
  ]);
});

test('warms a fresh process up for longer', () => {
  const cell = { mode: 'rr', size: 512 };
  assert.equal(taskFor(cell, 250, true).warmUp.time, 500);
  assert.equal(taskFor(cell, 250, false).warmUp.time, 200);
  assert.equal(taskFor({ ...cell, mode: 'pipelined' }, 250, true).window, 100);
});

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

test('names the packages of the runtimes per platform', () => {
  assert.equal(bunPackage('linux', 'x64'), '@oven/bun-linux-x64');
  assert.equal(bunPackage('darwin', 'arm64'), '@oven/bun-darwin-aarch64');
  assert.equal(bunPackage('win32', 'x64'), '@oven/bun-windows-x64');
  assert.equal(denoPackage('linux', 'arm64'), '@deno/linux-arm64-glibc');
  assert.equal(denoPackage('darwin', 'arm64'), '@deno/darwin-arm64');
});

test('formats durations', () => {
  assert.equal(formatDuration(59_400), '59 s');
  assert.equal(formatDuration(61_000), '1 min 1 s');
});
