import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMissing } from '../../reports/quick-report.mjs';

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
