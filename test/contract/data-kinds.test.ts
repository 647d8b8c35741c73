import { expect } from 'vitest';
import { KINDS, WRONG_KINDS } from '../support/data-kinds.ts';
import { ECHO } from '../support/peer/index.ts';
import { type Client, contract, rejection } from './contract.ts';

contract('kinds of data', ({ connectTo, way, it }) => {
  /** Registers what takes long where bytes come one by one. */
  const unhurried = way === 'byte by byte' ? it : it.everywhere;

  for (const [what, make] of Object.entries(KINDS)) {
    it(`sends the exact bytes of ${what}`, async () => {
      const { client } = await connectTo([ECHO]);
      const { data, bytes } = make();
      await client.send(data);
      const received = await client.recv();
      expect(received).toBeInstanceOf(Uint8Array);
      expect([...(received as Uint8Array)]).toEqual([...bytes]);
    });
  }

  const wrongKinds: Record<string, () => unknown> = {
    ...WRONG_KINDS,
    // These are iterable, but what they give is no data.
    'an array of numbers': () => [1, 2, 3],
    'a String object': () => Object('text'),
  };
  for (const [what, make] of Object.entries(wrongKinds)) {
    it(`throws a TypeError for ${what} and sends nothing`, async () => {
      const { client, script } = await connectTo([ECHO]);
      expect(await rejection(client.send(make()))).toBeInstanceOf(TypeError);
      await expectUsable(client);
      await client.close();
      expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 8]);
    });
  }

  it.everywhere('sends the exact bytes of every kind in a ping and in a pong', async () => {
    const { client, script } = await connectTo([ECHO]);
    const expected: string[] = [];
    for (const [what, make] of Object.entries(KINDS)) {
      if (what.endsWith('Blob')) continue;
      const { data, bytes } = make();
      await client.ping(data);
      await client.pong(data);
      const hex = Buffer.from(bytes).toString('hex');
      expected.push(`ping ${hex}`, `pong ${hex}`);
    }
    await client.close();
    const { frames } = await script.seen();
    const control = frames.filter(({ opcode }) => opcode > 8);
    const seen = control.map(
      ({ opcode, payload }) => `${opcode === 9 ? 'ping' : 'pong'} ${payload}`,
    );
    expect(seen).toEqual(expected);
    expect(seen.length).toBeGreaterThan(30);
  });

  for (const what of ['a Blob', 'an empty Blob']) {
    it(`throws a TypeError for a ping or a pong of ${what}, which would have to be awaited`, async () => {
      const { client } = await connectTo([ECHO]);
      const data = KINDS[what]?.().data;
      expect(await rejection(client.ping(data))).toBeInstanceOf(TypeError);
      expect(await rejection(client.pong(data))).toBeInstanceOf(TypeError);
      await expectUsable(client);
    });
  }

  for (const [what, make] of Object.entries(WRONG_KINDS)) {
    // Without an argument, a ping and a pong are empty.
    if (what === 'undefined') continue;
    it(`throws a TypeError for a ping or a pong of ${what} and sends nothing`, async () => {
      const { client, script } = await connectTo([ECHO]);
      expect(await rejection(client.ping(make()))).toBeInstanceOf(TypeError);
      expect(await rejection(client.pong(make()))).toBeInstanceOf(TypeError);
      await expectUsable(client);
      await client.close();
      expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 8]);
    });
  }

  unhurried('lets the caller overwrite its buffer as soon as send has returned', async () => {
    const { client } = await connectTo([ECHO]);
    for (const size of [10, 1000, 100_000]) {
      const bytes = new Uint8Array(size).fill(1);
      await client.send(bytes);
      bytes.fill(2);
      const received = (await client.recv()) as Uint8Array;
      expect(received.length).toBe(size);
      expect(received.every((byte) => byte === 1)).toBe(true);
    }
  });

  it.everywhere(
    'sends what a buffer held when send was called, though a Blob has to be read before it',
    async () => {
      const { client } = await connectTo([ECHO]);
      for (const bytes of [new Uint8Array(100).fill(1), Buffer.alloc(100, 1)]) {
        const sent = [client.send(new Blob(['first'])), client.send(bytes)];
        bytes.fill(2);
        await Promise.all(sent);
        await client.recv();
        expect([...((await client.recv()) as Uint8Array)]).toEqual(new Array(100).fill(1));
      }
    },
  );

  unhurried("leaves the caller's buffer as it is, masking or not", async () => {
    const { client } = await connectTo([ECHO]);
    for (const size of [10, 1000, 100_000]) {
      const bytes = new Uint8Array(size).fill(9);
      await client.send(bytes);
      await client.recv();
      expect(bytes.every((byte) => byte === 9)).toBe(true);
    }
  });
});

async function expectUsable(client: Client): Promise<void> {
  await client.send('still here');
  expect(await client.recv()).toBe('still here');
}
