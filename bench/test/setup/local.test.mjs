import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listPeers } from '../../peers/catalogue.mjs';
import { SERVER_NAMES } from '../../servers/catalogue.mjs';
import { comparedCrates, crateVersion } from '../../setup/local.mjs';

test('has a client, a server and a version for every crate that the manifest pins', () => {
  const peers = listPeers().map(({ name }) => name);
  const crates = comparedCrates();
  assert.ok(crates.length > 0);
  for (const name of crates) {
    assert.ok(peers.includes(name), name);
    assert.ok(SERVER_NAMES.includes(name), name);
    assert.match(crateVersion(name) ?? '', /^\d+\.\d+\.\d+$/);
  }
  assert.ok(!crates.includes('tokio'));
});
