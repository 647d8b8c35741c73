/**
 * The messages that a blocking connection keeps for `recv` while it waits for something else: their memory is
 * bounded whatever the peer sends, and none is lost.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { frame } from '../support/frames.ts';
import {
  flood,
  peer,
  READ_ONCE_SENT,
  type Script,
  STOP_READING,
  type Step,
  sendBytes,
  waitFor,
} from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { connectTo } from './sync-connection.ts';

const MIB = 1024 * 1024;
const FULL = expect.objectContaining({ code: 'WS_RECEIVE_QUEUE_FULL' });

for (const listener of ['plain', 'tls'] as const) {
  describe(`the queue of messages, ${listener}`, () => {
    function open(steps: readonly Step[], rest: Omit<Script, 'steps'> = {}) {
      const script = peer.script(listener, { steps, ...rest });
      const ws = connectTo(script);
      return { ws, script };
    }

    const messages = frame({ opcode: 2, payload: new Uint8Array(100_000) });

    it('ends a send to a peer that reads nothing and sends without end, with a bound', () => {
      const { ws } = open([STOP_READING, flood(messages)]);
      expect(() => ws.send(new Uint8Array(20_000_000))).toThrow(FULL);
      const { bytesReceived } = ws.stats();
      expect(bytesReceived).toBeGreaterThan(64 * MIB - 200_000);
      expect(bytesReceived).toBeLessThan(65 * MIB);
      expect(ws.state).toBe('open');
      // Nothing more is received until `recv` has made room, however long that takes.
      for (let i = 0; i < 3; i++) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
        expect(() => ws.send('more', { timeout: 20 })).toThrow(FULL);
        expect(() => ws.ping()).toThrow(FULL);
      }
      expect(ws.stats().bytesReceived).toBe(bytesReceived);
      while (ws.stats().bytesReceived === bytesReceived) expect(ws.recv()).toHaveLength(100_000);
    });

    it('loses nothing: all is received, and what was being sent leaves', async () => {
      const { ws, script } = open([
        STOP_READING,
        sendBytes(messages, 1000),
        READ_ONCE_SENT,
        waitFor('over'),
      ]);
      const large = patternBytes(20_000_000);
      expect(() => ws.send(large)).toThrow(FULL);
      for (let i = 0; i < 1000; i++) expect(ws.recv({ timeout: 5000 })).toHaveLength(100_000);
      ws.send('last');
      ws.close();
      const hash = createHash('sha256').update(large).update('last').digest('hex');
      expect((await script.seen()).digest).toBe(hash);
    });

    it('ends a ping whose pong does not come before the queue is full', () => {
      const { ws } = open([flood(messages)], { ignoresPings: true });
      expect(() => ws.ping()).toThrow(FULL);
      expect(ws.stats().bytesReceived).toBeLessThan(65 * MIB);
      expect(ws.recv()).toHaveLength(100_000);
    });

    it('a close of ours still ends in time, and leaves what was kept', () => {
      const script = peer.script(listener, { steps: [STOP_READING, flood(messages)] });
      const ws = connectTo(script, { closeTimeout: 100 });
      expect(() => ws.send(new Uint8Array(20_000_000))).toThrow(FULL);
      const begun = performance.now();
      ws.close();
      expect(performance.now() - begun).toBeLessThan(2000);
      expect(ws.recv()).toHaveLength(100_000);
    });
  });
}
