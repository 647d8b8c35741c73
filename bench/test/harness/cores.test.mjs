import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCoreList, pickCores, pinned } from '../../harness/cores.mjs';

test('gives the server the first core and the clients the second', () => {
  const { server, client, isShared } = pickCores([0, 1], [0], false);
  assert.deepEqual({ server, client, isShared }, { server: 0, client: 1, isShared: false });
});

test('passes over hardware threads of the server’s physical core', () => {
  assert.equal(pickCores([0, 1, 2, 3], [0, 1], false).client, 2);
});

test('says so where there is only one physical core', () => {
  const { client, description } = pickCores([0, 1], [0, 1], false);
  assert.equal(client, 1);
  assert.match(description, /two hardware threads of one physical core/);
});

test('shares the first core when asked, and where there is no other', () => {
  assert.deepEqual(
    [pickCores([2, 3], [2], true).client, pickCores([2, 3], [2], true).isShared],
    [2, true],
  );
  assert.match(pickCores([4], [4], false).description, /core 4 \(there is no other\)/);
});

test('reads lists of cores', () => {
  assert.deepEqual(parseCoreList('\t0-2,5,7-8\n'), [0, 1, 2, 5, 7, 8]);
  assert.deepEqual(parseCoreList(''), []);
});

test('pins with taskset, or leaves the command as it is', () => {
  assert.deepEqual(pinned(1, 'node', ['a']), ['taskset', ['-c', '1', 'node', 'a']]);
  assert.deepEqual(pinned(undefined, 'node', ['a']), ['node', ['a']]);
});
