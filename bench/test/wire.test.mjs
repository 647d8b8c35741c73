import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CountedExchange } from '../wire/counted-exchange.mjs';
import { callsPerMessage, parseCalls, parseSummary, readCalls } from '../wire/system-calls.mjs';
import { renderCounts } from '../wire/table.mjs';

const SUMMARY = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ------------------
 77.35    0.923070        1444       639        40 futex
 18.05    0.215448        3419     20063           epoll_pwait
  2.01    0.023929           7      3066           write
  0.00    0.000000           0        30           epoll_create1
------ ----------- ----------- --------- --------- ------------------
100.00    1.193333         123      9609       362 total
`;

test('reads what the system counts for a process', () => {
  const text = 'rchar: 6976\nwchar: 3\nsyscr: 10\nsyscw: 4\nread_bytes: 0\nwrite_bytes: 0\n';
  assert.deepEqual(parseCalls(text), { reads: 10, writes: 4 });
  const calls = readCalls();
  assert.ok(calls === undefined || (calls.reads > 0 && calls.writes >= 0));
});

test('reads the summary of strace, whether a call has failed or not, without its total', () => {
  assert.deepEqual(
    [...parseSummary(SUMMARY)],
    [
      ['futex', 639],
      ['epoll_pwait', 20_063],
      ['write', 3066],
      ['epoll_create1', 30],
    ],
  );
});

test('takes what a process does anyway off what its messages cost', () => {
  const fewer = new Map([
    ['write', 100],
    ['read', 150],
    ['mmap', 70],
  ]);
  const more = new Map([
    ['write', 1100],
    ['read', 2150],
    ['mmap', 75],
    ['poll', 500],
  ]);
  assert.deepEqual(callsPerMessage(fewer, more, 1000), [
    { name: 'read', perMessage: 2 },
    { name: 'write', perMessage: 1 },
    { name: 'poll', perMessage: 0.5 },
  ]);
});

test('counts from the end of the warm-up to the last message that counts, with the window full', () => {
  const marks = /** @type {string[]} */ ([]);
  let answered = 0;
  const mark = (/** @type {string} */ name) => () => marks.push(`${name} ${answered}`);
  const task = { window: 3, size: 8, warmUp: 10, messages: 20 };
  const exchange = new CountedExchange(task, mark('begin'), mark('end'));
  const underWay = Array.from({ length: exchange.window }, () => exchange.next());
  let sent = underWay.length;
  while (!exchange.isDone) {
    answered++;
    const next = exchange.reply(/** @type {Buffer} */ (underWay.shift()));
    if (!next) continue;
    sent++;
    underWay.push(next);
  }
  assert.deepEqual(marks, ['begin 10', 'end 30']);
  assert.equal(sent, answered);
  assert.equal(answered, 30 + exchange.window - 1);
  assert.throws(() => exchange.reply(new Uint8Array(7)), /a reply of 7 bytes/);
});

test('shows the median of the rounds, their range where they differ, and a dash where nothing was counted', () => {
  const row = {
    client: 'some client',
    exchange: 'round trip',
    reads: [1, 1, 1],
    writes: [0.0101, 0.02, 0.03],
    calls: [
      { name: 'write', perMessage: 1 },
      { name: 'epoll_pwait', perMessage: 0.5 },
    ],
    heapBytes: [undefined, 120, 120.4],
    outsideBytes: [undefined, undefined],
    scavenges: [200, 1200, 200],
  };
  const lines = renderCounts([row], ['round trip', 'other']).split('\n');
  assert.ok(
    lines.includes(
      '| some client | 1.00 | 0.02 (0.01–0.03) | 1.50 (write 1.00, epoll_pwait 0.50) | – | – | – |',
    ),
  );
  assert.ok(lines.includes('| some client | 120 B | – | 200 (200–1200) | – | – | – |'));
});
