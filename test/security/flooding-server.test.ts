/**
 * A server that sends without end and may read nothing: a client's time limits hold, and its memory
 * stays bounded.
 */
import { expect, it } from 'vitest';
import { contract, rejection } from '../contract/contract.ts';
import { concat, frame } from '../support/frames.ts';
import { flood, STOP_READING, waitFor } from '../support/peer/index.ts';

/** Some 64 KiB of the same frame. */
function many(bytes: Uint8Array): Uint8Array {
  return concat(...new Array(Math.ceil(65_536 / bytes.length)).fill(bytes));
}

const FLOODS: Readonly<Record<string, Uint8Array>> = {
  'empty pings': many(frame({ opcode: 9 })),
  'pings of 125 bytes': many(frame({ opcode: 9, payload: 'x'.repeat(125) })),
  'pongs nobody asked for': many(frame({ opcode: 10, payload: 'x'.repeat(4) })),
};

contract(
  'a server that floods',
  ({ connectTo, face }) => {
    for (const [what, bytes] of Object.entries(FLOODS)) {
      if (face.hasRecv) {
        it(`recv gives up after its timeout although ${what} keep coming`, async () => {
          const { client } = await connectTo([flood(bytes)]);
          const since = performance.now();
          const error = await rejection(client.recv({ timeout: 150 }));
          expect(error).toMatchObject({ operation: 'recv', timeout: 150 });
          expect(performance.now() - since).toBeLessThan(4000);
        }, 10_000);
      }

      it(`close is bounded by closeTimeout although ${what} keep coming`, async () => {
        const { client } = await connectTo(
          [flood(bytes)],
          { closeTimeout: 150 },
          { ignoresClose: true },
        );
        const since = performance.now();
        await client.close(1000);
        expect(performance.now() - since).toBeLessThan(4000);
        expect(client.properties.state).toBe('closed');
      }, 10_000);
    }

    if (face.hasRecv) {
      it('close keeps no more than a few messages of those that keep coming after it', async () => {
        const { client } = await connectTo(
          [waitFor('close'), flood(many(frame({ opcode: 2, payload: new Uint8Array(1000) })))],
          { closeTimeout: 150, receiveQueue: { high: 8 } },
          { ignoresClose: true },
        );
        await client.close(1000);
        let kept = 0;
        while ((await client.recv().catch(() => undefined)) !== undefined) kept++;
        expect(kept).toBeLessThanOrEqual(8);
      }, 10_000);
    }

    it('close is bounded by closeTimeout although messages keep coming and nothing is read', async () => {
      const { client } = await connectTo(
        [STOP_READING, flood(many(frame({ opcode: 2, payload: new Uint8Array(1000) })))],
        { closeTimeout: 150 },
        { ignoresClose: true },
      );
      const since = performance.now();
      await client.close(1000);
      expect(performance.now() - since).toBeLessThan(4000);
      expect(client.properties.state).toBe('closed');
    }, 10_000);
  },
  ['plain', 'over TLS'],
);
