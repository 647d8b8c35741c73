import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BUCKETS_PER_OCTAVE,
  bucketOf,
  histogramOf,
  recordOf,
  timeOf,
} from '../../samples/record.mjs';

const PLACE = { section: 'main', server: 'bun', peer: 'ws', mode: 'rr', size: 512, round: 3 };
const TOTALS = { messages: 3, elapsed: 300, clientUser: 20, clientSystem: 10 };

test('keeps a failure with its place and nothing else', () => {
  assert.deepEqual(recordOf(PLACE, { failure: 'refused', isHang: true }, 100), {
    type: 'cell',
    ...PLACE,
    failure: 'refused',
    isHang: true,
  });
  assert.match(String(recordOf(PLACE, {}, 100).failure), /without saying why/);
});

test('turns the ticks of the server into microseconds', () => {
  const result = { ...TOTALS, times: [1], serverTicks: { user: 3, system: 2 } };
  const record = recordOf(PLACE, { result }, 100);
  assert.equal(record.serverCpu, 50_000);
  assert.equal(record.serverSystem, 20_000);
  assert.equal(record.clientUser, 20);
  assert.ok(!Object.hasOwn(record, 'serverTicks'));
});

test('says nothing of a server whose ticks are unknown', () => {
  const record = recordOf(PLACE, { result: { ...TOTALS, times: [1] } }, 100);
  assert.equal(record.serverCpu, undefined);
  assert.equal(record.sends, undefined);
});

test('keeps samples evenly over the measured part, and the same ones of every kind', () => {
  const times = Array.from({ length: 1000 }, (_, i) => i);
  const sends = times.map((time) => time / 2);
  const result = { ...TOTALS, times, sends, receives: sends };
  const record = recordOf(PLACE, { result }, 100);
  assert.equal(record.times?.length, 100);
  assert.deepEqual(record.times?.slice(0, 3), [0, 10, 20]);
  assert.deepEqual(record.sends?.slice(0, 3), [0, 5, 10]);
  assert.equal(record.times?.at(-1), 990);
});

test('counts every sample in an ascending histogram, to half a per cent', () => {
  const histogram = histogramOf([100, 5, 100, 100.1, 0]);
  assert.equal(
    histogram.reduce((sum, [, count]) => sum + count, 0),
    5,
  );
  assert.deepEqual(
    histogram.map(([bucket]) => bucket),
    histogram.map(([bucket]) => bucket).toSorted((a, b) => a - b),
  );
  for (const time of [0.001, 0.5, 9.97, 100, 123_456]) {
    assert.ok(Math.abs(timeOf(bucketOf(time)) / time - 1) <= 2 ** (0.5 / BUCKETS_PER_OCTAVE) - 1);
  }
});

test('keeps the memory of the side that is measured', () => {
  const result = { ...TOTALS, times: [], bytesPerConnection: 100, serverBytesPerConnection: 7000 };
  assert.equal(recordOf(PLACE, { result }, 100).bytesPerConnection, 100);
  assert.equal(recordOf(PLACE, { result }, 100, true).bytesPerConnection, 7000);
  assert.ok(!Object.hasOwn(recordOf(PLACE, { result }, 100), 'serverBytesPerConnection'));
});
