/**
 * What the peer sends between our close frame and its own: it is received, or its loss is reported.
 */
import { describe, expect, it } from 'vitest';
import type { SyncConnection } from 'wirespeed/sync';
import { frame } from '../support/frames.ts';
import {
  END,
  flood,
  peer,
  type Step,
  sendBytes,
  sendClose,
  sendText,
  waitFor,
} from '../support/peer/index.ts';
import { connectTo } from './sync-connection.ts';

for (const listener of ['plain', 'tls'] as const) {
  describe(`after a close of ours, ${listener}`, () => {
    /** Connects to a peer that takes these steps once it has received our close frame, and then closes. */
    function open(steps: readonly Step[], options: object = {}): SyncConnection {
      const script = peer.script(listener, {
        steps: [waitFor('close'), ...steps, sendClose(1000), END],
        ignoresClose: true,
      });
      const ws = connectTo(script, options);
      return ws;
    }

    it('all that the peer still sends is received by recv, then the end is told', () => {
      const ws = open([sendBytes(frame({ opcode: 1, payload: 'still there' }), 500)]);
      ws.close();
      expect(ws).toMatchObject({ state: 'closed', closeCode: 1000 });
      for (let i = 0; i < 500; i++) expect(ws.recv()).toBe('still there');
      expect(() => ws.recv()).toThrow(expect.objectContaining({ code: 'WS_CONNECTION_CLOSED' }));
    });

    it('all that the peer still sends is received by an iteration, which ends normally', () => {
      const ws = open([sendBytes(frame({ opcode: 1, payload: 'still there' }), 500)], {
        receiveQueue: { high: 2, low: 1 },
      });
      ws.close();
      expect([...ws]).toHaveLength(500);
    });

    it('the loss of what is more than is kept is told, by recv and by an iteration', () => {
      const message = frame({ opcode: 2, payload: new Uint8Array(1_000_000) });
      const ws = open([sendBytes(message, 80), sendText('the last')]);
      ws.close();
      const received: unknown[] = [];
      let error: unknown;
      try {
        for (const each of ws) received.push(each);
      } catch (thrown) {
        error = thrown;
      }
      expect(received.length).toBeGreaterThan(66);
      expect(received.length).toBeLessThan(70);
      const dropped = 81 - received.length;
      const bytes = (dropped - 1) * 1_000_000 + 8;
      const told = {
        name: 'WebSocketError',
        code: 'WS_MESSAGES_DROPPED',
        message: expect.stringContaining(
          `${dropped} messages of ${bytes} bytes in all came after close and were dropped`,
        ),
      };
      expect(error).toMatchObject(told);
      expect(() => ws.recv()).toThrow(expect.objectContaining(told));
      expect(ws).toMatchObject({ state: 'closed', closeCode: 1000 });
    });

    it('a peer that sends without end is given up after closeTimeout, and the loss is told', () => {
      const script = peer.script(listener, {
        steps: [waitFor('close'), flood(frame({ opcode: 2, payload: new Uint8Array(1e6) }))],
        ignoresClose: true,
      });
      const ws = connectTo(script, { closeTimeout: 600, maxMessageSize: 1e6 });
      const begun = performance.now();
      ws.close();
      expect(performance.now() - begun).toBeLessThan(3000);
      expect(ws.recv()).toHaveLength(1e6);
      expect(() => [...ws]).toThrow(expect.objectContaining({ code: 'WS_MESSAGES_DROPPED' }));
    });
  });
}
