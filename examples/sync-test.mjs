// Tests without promises: what the server answers is there on the next line.
//
//   node examples/sync-test.mjs
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect } from 'wirespeed/sync';
import { echoUrlInAnotherProcess } from './echo-server.mjs';

let url;
let ws;

before(async () => {
  // The server needs a thread of its own: this one blocks.
  url = await echoUrlInAnotherProcess();
  ws = connect(url);
});

after(() => ws.close());

test('the server sends back what it is sent', () => {
  for (const text of ['one', 'two', 'three']) {
    ws.send(text);
    assert.equal(ws.recv({ timeout: 1000 }), text);
  }
});

test('the server says nothing by itself', () => {
  assert.throws(() => ws.recv({ timeout: 50 }), { code: 'WS_TIMEOUT' });
});

test('the server closes with the code it is sent', () => {
  const other = connect(url);
  other.close(4000, 'enough');
  assert.equal(other.closeCode, 4000);
});
