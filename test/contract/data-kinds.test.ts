import { expect, it } from 'vitest';
import { ECHO } from '../support/peer/index.ts';
import { type Client, contract, rejection } from './contract.ts';

const BYTES = Uint8Array.from({ length: 48 }, (_, i) => 255 - i);

function shared(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(BYTES.length);
  new Uint8Array(buffer).set(BYTES);
  return buffer;
}

/** Every kind of data, with the bytes that must arrive. */
const KINDS: Readonly<Record<string, () => { data: unknown; bytes: Uint8Array }>> = {
  'an ArrayBuffer': () => ({ data: BYTES.slice().buffer, bytes: BYTES }),
  'a SharedArrayBuffer': () => ({ data: shared(), bytes: BYTES }),
  'a Uint8Array': () => ({ data: BYTES.slice(), bytes: BYTES }),
  'a Uint8Array with an offset': () => ({
    data: new Uint8Array(BYTES.slice().buffer, 3, 7),
    bytes: BYTES.slice(3, 10),
  }),
  'a Uint8Array on shared memory': () => ({
    data: new Uint8Array(shared(), 1, 30),
    bytes: BYTES.slice(1, 31),
  }),
  'a Buffer out of the pool': () => ({ data: Buffer.from(BYTES), bytes: BYTES }),
  'a slice of a Buffer': () => ({
    data: Buffer.from(BYTES).subarray(5, 20),
    bytes: BYTES.slice(5, 20),
  }),
  'a Uint8ClampedArray': () => ({
    data: new Uint8ClampedArray(BYTES.slice().buffer, 2),
    bytes: BYTES.slice(2),
  }),
  'an Int16Array with an offset': () => ({
    data: new Int16Array(BYTES.slice().buffer, 2, 5),
    bytes: BYTES.slice(2, 12),
  }),
  'a Float64Array with an offset': () => ({
    data: new Float64Array(BYTES.slice().buffer, 8, 2),
    bytes: BYTES.slice(8, 24),
  }),
  'a BigUint64Array': () => ({
    data: new BigUint64Array(BYTES.slice().buffer),
    bytes: BYTES,
  }),
  'a DataView with an offset': () => ({
    data: new DataView(BYTES.slice().buffer, 1, 9),
    bytes: BYTES.slice(1, 10),
  }),
  'a Blob': () => ({
    data: new Blob([BYTES, 'end']),
    bytes: Buffer.concat([BYTES, Buffer.from('end')]),
  }),
  'an empty ArrayBuffer': () => ({ data: new ArrayBuffer(0), bytes: new Uint8Array(0) }),
  'an empty Uint8Array': () => ({ data: new Uint8Array(0), bytes: new Uint8Array(0) }),
  'an empty DataView': () => ({
    data: new DataView(new ArrayBuffer(4), 4),
    bytes: new Uint8Array(0),
  }),
  'an empty Blob': () => ({ data: new Blob([]), bytes: new Uint8Array(0) }),
};

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function viewOfDetached(): Uint8Array {
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

const WRONG_KINDS: Readonly<Record<string, () => unknown>> = {
  'a number': () => 42,
  'a bigint': () => 42n,
  'a boolean': () => true,
  null: () => null,
  undefined: () => undefined,
  'a plain object': () => ({ length: 3 }),
  'an object that looks like a view': () => ({
    byteLength: 3,
    byteOffset: 0,
    buffer: BYTES.buffer,
  }),
  'a symbol': () => Symbol('data'),
  'a function': () => () => 'data',
  'a Date': () => new Date(0),
  'a detached ArrayBuffer': detached,
  'a view of a detached ArrayBuffer': viewOfDetached,
};

contract('kinds of data', ({ connectTo, face }) => {
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

  const wrongKinds: Record<string, () => unknown> = { ...WRONG_KINDS };
  if (face.name !== 'async') {
    // In the async face these are iterables, which stand for fragments.
    wrongKinds['an array of numbers'] = () => [1, 2, 3];
    wrongKinds['a String object'] = () => Object('text');
  }
  for (const [what, make] of Object.entries(wrongKinds)) {
    it(`throws a TypeError for ${what} and sends nothing`, async () => {
      const { client, script } = await connectTo([ECHO]);
      expect(await rejection(client.send(make()))).toBeInstanceOf(TypeError);
      await expectUsable(client);
      await client.close();
      expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 8]);
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

  it('lets the caller overwrite its buffer as soon as send has returned', async () => {
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

  it("leaves the caller's buffer as it is, masking or not", async () => {
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
