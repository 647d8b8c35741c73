import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CountedExchange } from '../../wire/counted-exchange.mjs';
import { callsPerMessage, MARKS, parseCalls, readCalls } from '../../wire/system-calls.mjs';
import { renderCounts } from '../../wire/table.mjs';

const TRACE = `12 write(1, "before") = 6
12 access("${MARKS.begin}", F_OK) = -1 ENOENT (No such file or directory)
12 write(19, "a(b"..., 520 <unfinished ...>
13 futex(0x21abe4a0, FUTEX_WAKE_PRIVATE, 1) = 0
12 <... write resumed>)              = 520
12 read(19, 0x7fc590010100, 262144)  = -1 EAGAIN (Resource temporarily unavailable)
12 --- SIGPROF {si_signo=SIGPROF} ---
12 epoll_pwait(14, [], 1024, 0, NULL, 8) = 0
12 read(19, "read(1"..., 262144) = 516
12 access("${MARKS.end}", F_OK) = -1 ENOENT (No such file or directory)
12 write(1, "after") = 5
`;

test('reads what the system counts for a process', () => {
  const text = 'rchar: 6976\nwchar: 3\nsyscr: 10\nsyscw: 4\nread_bytes: 0\nwrite_bytes: 0\n';
  assert.deepEqual(parseCalls(text), { reads: 10, writes: 4 });
  const calls = readCalls();
  assert.ok(calls === undefined || (calls.reads > 0 && calls.writes >= 0));
});

test('counts the calls of a trace between the marks, those of every thread, each of them once', () => {
  assert.deepEqual(callsPerMessage(TRACE, 2), [
    { name: 'read', perMessage: 1 },
    { name: 'write', perMessage: 0.5 },
    { name: 'futex', perMessage: 0.5 },
    { name: 'epoll_pwait', perMessage: 0.5 },
  ]);
});

test('leaves out calls that hardly any message makes', () => {
  assert.deepEqual(callsPerMessage(TRACE, 150), [{ name: 'read', perMessage: 2 / 150 }]);
});

test('refuses a trace without its marks', () => {
  assert.throws(() => callsPerMessage('12 write(1, "x") = 1\n', 1), /has no marks/);
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
