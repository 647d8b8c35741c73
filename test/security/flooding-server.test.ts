/**
 * A server sends without end, and may read nothing. A client keeps its time limits, and its memory stays bounded.
 */
import { expect } from 'vitest';
import { contract, rejection } from '../contract/contract.ts';
import { concat, type FrameFields, frame } from '../support/frames.ts';
import { flood, STOP_READING, type Step, waitFor } from '../support/peer/index.ts';

/** Each write has some 64 KiB of the same frame. */
function endless(fields: FrameFields): Step {
  const bytes = frame(fields);
  return flood(bytes, Math.ceil(65_536 / bytes.length));
}

/** What floods the client in every way; the other floods do so in the plain way, and where everything runs. */
const PINGS = 'pings of 125 bytes';
const FLOODS: Readonly<Record<string, Step>> = {
  'empty pings': endless({ opcode: 9 }),
  [PINGS]: endless({ opcode: 9, payload: 'x'.repeat(125) }),
  'pongs nobody asked for': endless({ opcode: 10, payload: 'x'.repeat(4) }),
};

contract(
  'a server that floods',
  ({ connectTo, face, it }) => {
    /** Closes a connection whose peer plays these steps and answers no close; expects it to end in time. */
    async function closesInTime(steps: readonly Step[]): Promise<void> {
      const { client } = await connectTo(steps, { closeTimeout: 60 }, { ignoresClose: true });
      const since = performance.now();
      await client.close(1000);
      expect(performance.now() - since).toBeLessThan(4000);
      expect(client.properties.state).toBe('closed');
    }

    for (const [what, flooding] of Object.entries(FLOODS)) {
      for (const [how, steps] of [
        ['', [flooding]],
        [' and no answer is read', [STOP_READING, flooding]],
      ] as const) {
        if (!face.hasRecv) continue;
        const register = what === PINGS ? it.everywhere : it;
        register(
          `recv gives up after its timeout although ${what} keep coming${how}`,
          async () => {
            const { client } = await connectTo(steps);
            const since = performance.now();
            const error = await rejection(client.recv({ timeout: 60 }));
            expect(error).toMatchObject({ operation: 'recv', timeout: 60 });
            expect(performance.now() - since).toBeLessThan(4000);
          },
          10_000,
        );
      }

      const register = what === PINGS ? it.everywhere : it;
      register(
        `close is bounded by closeTimeout although ${what} keep coming`,
        () => closesInTime([flooding]),
        10_000,
      );
    }

    if (face.hasRecv) {
      it.everywhere(
        'recv receives what comes among pings whose answers are not read',
        async () => {
          const pings = Array.from({ length: 50_000 }, () => frame({ opcode: 9 }));
          const message = frame({ opcode: 1, payload: 'whole' });
          const { client } = await connectTo([STOP_READING, flood(concat(...pings, message))]);
          for (let i = 0; i < 20; i++) expect(await client.recv({ timeout: 5000 })).toBe('whole');
        },
        10_000,
      );

      it('close keeps no more than 64 MiB of what keeps coming after it', async () => {
        const { client } = await connectTo(
          [waitFor('close'), endless({ opcode: 2, payload: new Uint8Array(50_000) })],
          { closeTimeout: 300 },
          { ignoresClose: true },
        );
        await client.close(1000);
        let kept = 0;
        for (;;) {
          const message = await client.recv().catch(() => undefined);
          if (message === undefined) break;
          kept += message.length;
        }
        expect(kept).toBeLessThan(65 * 1024 * 1024);
      }, 10_000);
    }

    it.everywhere(
      'close is bounded by closeTimeout although messages keep coming and nothing is read',
      () => closesInTime([STOP_READING, endless({ opcode: 2, payload: new Uint8Array(1000) })]),
      10_000,
    );
  },
  ['plain', 'over TLS'],
);
