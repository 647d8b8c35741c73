/**
 * Messages that are given to `send` in pieces: fragments of one message (RFC 6455 §5.4).
 */
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { ECHO, READ_AGAIN, STOP_READING, sleep } from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { contract, rejection } from './contract.ts';

const KINDS: Readonly<Record<string, (pieces: readonly unknown[]) => unknown>> = {
  'an array': (pieces) => [...pieces],
  'a Set': (pieces) => new Set(pieces),
  'an iterator': (pieces) => pieces.values(),
};

contract('messages in pieces', ({ connectTo, face, it }) => {
  for (const [kind, make] of Object.entries(KINDS)) {
    it.everywhere(`sends ${kind} as one message, with no character cut`, async () => {
      const { client, script } = await connectTo([ECHO]);
      await client.send(make(['price \ud83d', '', '\ude00 up\ud83d']));
      expect(await client.recv()).toBe('price 😀 up\ufffd');
      await client.send(make([Uint8Array.of(1), new ArrayBuffer(1), new Blob(['\u0002'])]));
      expect(await client.recv()).toEqual(Uint8Array.of(1, 0, 2));
      await client.send(make([Uint8Array.of(0xf0, 0x9f), Uint8Array.of(0x98, 0x80), '!']), {
        text: true,
      });
      expect(await client.recv()).toBe('😀!');
      await client.send(make([]));
      await client.send('after');
      expect(await client.recv()).toBe('after');
      await client.close();
      const opcodes = (await script.seen()).frames.map(({ opcode }) => opcode);
      expect(opcodes.filter((opcode) => opcode > 0)).toEqual([1, 2, 1, 1, 8]);
      expect(opcodes.length).toBeGreaterThan(11);
    });
  }

  const refused: readonly [string, unknown[], boolean][] = [
    ['a piece that is no data', ['a', 42], false],
    ['a piece that is iterable', ['a', ['b']], false],
    ['text and binary', ['a', Uint8Array.of(1)], false],
    ['text and a Blob', ['a', new Blob(['b'])], false],
    ['bytes that are not UTF-8, as text', ['a', Uint8Array.of(0xff)], true],
    ['a character that is cut by the end, as text', [Uint8Array.of(0xf0, 0x9f)], true],
  ];
  for (const [what, pieces, text] of refused) {
    it(`refuses ${what}, and sends nothing`, async () => {
      const { client, script } = await connectTo([ECHO]);
      expect(await rejection(client.send(pieces, { text }))).toBeInstanceOf(TypeError);
      await client.send('after');
      expect(await client.recv()).toBe('after');
      await client.close();
      expect((await script.seen()).frames).toHaveLength(2);
    });
  }

  it.everywhere('copies a piece when it takes it', async () => {
    const { client } = await connectTo([ECHO]);
    function* pieces(): Generator<Uint8Array> {
      const buffer = new Uint8Array(1);
      for (const byte of [1, 2, 3]) {
        buffer[0] = byte;
        yield buffer;
      }
    }
    await client.send(pieces());
    expect(await client.recv()).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.everywhere(
    'sends many pieces to a peer that is slow to read, every byte in its place',
    async () => {
      const { client, script } = await connectTo([STOP_READING, sleep(100), READ_AGAIN]);
      const bytes = patternBytes(10_000_000);
      const pieces = Array.from({ length: 100 }, (_, i) =>
        bytes.subarray(i * 100_000, (i + 1) * 100_000),
      );
      for (const data of [pieces, pieces.values(), 'last']) void client.send(data);
      await client.close();
      const hash = createHash('sha256').update(bytes).update(bytes).update('last');
      expect((await script.seen()).digest).toBe(hash.digest('hex'));
    },
  );

  if (face.name === 'sync') {
    it('refuses a wrong piece of an iterator before anything leaves, and an asynchronous one', async () => {
      const { client, script } = await connectTo([ECHO]);
      const asynchronous = (async function* () {
        yield 'a';
      })();
      for (const data of [['a', 42].values(), asynchronous]) {
        expect(await rejection(client.send(data))).toBeInstanceOf(TypeError);
      }
      await client.send('after');
      expect(await client.recv()).toBe('after');
      await client.close();
      expect((await script.seen()).frames).toHaveLength(2);
    });
  }
});
