import { expect } from 'vitest';
import { ECHO, sendBinary, sendPattern, sendText, waitFor } from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { ALL_WAYS, contract } from './contract.ts';

const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536];
const LARGE_SIZES = [2 ** 20, 20 * 2 ** 20];

contract(
  'messages',
  ({ connectTo, way, face, it }) => {
    it.everywhere('exchanges text as strings and binary as bytes', async () => {
      const { client } = await connectTo([ECHO]);
      await client.send('hello');
      expect(await client.recv()).toBe('hello');
      await client.send(Uint8Array.of(0, 1, 254, 255));
      const bytes = await client.recv();
      expect(bytes).toBeInstanceOf(Uint8Array);
      expect([...(bytes as Uint8Array)]).toEqual([0, 1, 254, 255]);
    });

    const isTrickling = way.startsWith('byte by byte');
    /** Registers what takes long where bytes come one by one. */
    const unhurried = isTrickling ? it : it.everywhere;
    for (const size of isTrickling ? SIZES : [...SIZES, ...LARGE_SIZES]) {
      const register = size < 1000 ? it.everywhere : size < 2 ** 21 ? unhurried : it;
      register(`receives ${size} bytes, binary and text, byte for byte`, async () => {
        const { client } = await connectTo([sendPattern(size), sendPattern(size, true)]);
        expectBytes(await client.recv(), patternBytes(size));
        expectText(await client.recv(), patternBytes(size, true).toString());
      });

      register(`sends ${size} bytes, binary and text, byte for byte`, async () => {
        const { client, script } = await connectTo([ECHO]);
        const bytes = patternBytes(size);
        await client.send(bytes);
        expectBytes(await client.recv(), bytes);
        const text = patternBytes(size, true).toString();
        await client.send(text);
        expectText(await client.recv(), text);
        await client.close();
        const { frames } = await script.seen();
        expect(frames.map(({ opcode, length }) => [opcode, length])).toEqual([
          [2, size],
          [1, size],
          [8, expect.any(Number)],
        ]);
      });
    }

    unhurried('keeps many messages apart and in order', async () => {
      const { client } = await connectTo([ECHO]);
      const sent = Array.from({ length: 300 }, (_, i) => `message ${i} ${'.'.repeat(i)}`);
      for (const message of sent) await client.send(message);
      const received: unknown[] = [];
      while (received.length < sent.length) received.push(await client.recv());
      expect(received).toEqual(sent);
    });

    it.everywhere('delivers messages that came with the response to the handshake', async () => {
      const { client } = await connectTo([sendText('first'), sendBinary([2]), sendText('third')]);
      expect(await client.recv()).toBe('first');
      expect(await client.recv()).toEqual(Uint8Array.of(2));
      expect(await client.recv()).toBe('third');
    });

    it.everywhere('delivers messages that came long before anyone asked for them', async () => {
      const { client, script } = await connectTo([
        sendText('early'),
        waitFor('message'),
        sendText('late'),
      ]);
      await client.happens(() => client.properties.stats().messagesReceived === 1);
      await client.send('now');
      expect(await client.recv()).toBe('early');
      expect(await client.recv()).toBe('late');
      expect((await script.seenSoFar())?.frames).toHaveLength(1);
    });

    if (face.hasRecv) {
      unhurried('gives the caller bytes that later messages leave alone', async () => {
        const { client } = await connectTo([
          sendBinary([1, 1, 1]),
          sendBinary([2, 2, 2]),
          sendPattern(20_000),
          sendPattern(20_000),
        ]);
        const first = (await client.recv()) as Uint8Array;
        // Small ones share 16 KiB, in place of keeping what they came in.
        // One that comes in pieces is put together in memory of its own.
        const sizes = isTrickling ? [16_384, first.length] : [16_384];
        expect(sizes).toContain(first.buffer.byteLength);
        const second = (await client.recv()) as Uint8Array;
        first.fill(9);
        expect([...second]).toEqual([2, 2, 2]);
        const third = (await client.recv()) as Uint8Array;
        third.fill(7);
        expectBytes(await client.recv(), patternBytes(20_000));
        expect([...first]).toEqual([9, 9, 9]);
        expect([...second]).toEqual([2, 2, 2]);
        expect(third.every((byte) => byte === 7)).toBe(true);
      });
    }
  },
  ALL_WAYS,
);

// Megabytes that differ must not be printed one by one.
function expectBytes(actual: unknown, expected: Uint8Array): void {
  expect(actual).toBeInstanceOf(Uint8Array);
  const bytes = actual as Uint8Array;
  expect(bytes.length).toBe(expected.length);
  expect(Buffer.compare(bytes, expected)).toBe(0);
}

function expectText(actual: unknown, expected: string): void {
  expect(typeof actual).toBe('string');
  expect((actual as string).length).toBe(expected.length);
  expect(actual === expected).toBe(true);
}
