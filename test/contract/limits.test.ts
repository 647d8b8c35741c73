import { expect } from 'vitest';
import { concat, frame } from '../support/frames.ts';
import {
  closeCodeIn,
  send,
  sendBinary,
  sendBytes,
  sendPattern,
  sendText,
} from '../support/peer/index.ts';
import { contract, type Open, rejection } from './contract.ts';

contract('limits', ({ connectTo, face, it }) => {
  async function expectTooBig({ client, script }: Open, limit: number): Promise<void> {
    const error = await rejection(client.recv());
    expect(error).toBeInstanceOf(face.errors.MessageTooBigError);
    expect(error).toMatchObject({ code: 'WS_MESSAGE_TOO_BIG', closeCode: 1009, limit });
    expect(error.message).toContain(String(limit));
    await client.closed();
    expect(closeCodeIn(await script.seen())).toBe(1009);
  }

  it.everywhere('takes a message of exactly maxMessageSize', async () => {
    const { client } = await connectTo(
      [
        sendBinary(new Uint8Array(100)),
        sendText('é'.repeat(50)),
        send({ opcode: 2, payload: new Uint8Array(60), isFinal: false }),
        send({ opcode: 0, payload: new Uint8Array(40) }),
      ],
      { maxMessageSize: 100 },
    );
    expect(await client.recv()).toHaveLength(100);
    expect(await client.recv()).toBe('é'.repeat(50));
    expect(await client.recv()).toHaveLength(100);
  });

  it.everywhere('fails with 1009 for one frame above maxMessageSize', async () => {
    await expectTooBig(
      await connectTo([sendBinary(new Uint8Array(101))], { maxMessageSize: 100 }),
      100,
    );
  });

  it.everywhere('counts bytes of UTF-8 and not characters', async () => {
    await expectTooBig(await connectTo([sendText('é'.repeat(51))], { maxMessageSize: 100 }), 100);
  });

  it.everywhere(
    'fails with 1009 for fragments that are together above maxMessageSize',
    async () => {
      const pieces = Array.from({ length: 11 }, (_, i) =>
        frame({ opcode: i === 0 ? 2 : 0, payload: new Uint8Array(10), isFinal: false }),
      );
      await expectTooBig(
        await connectTo([sendBytes(concat(...pieces))], { maxMessageSize: 100 }),
        100,
      );
    },
  );

  it.everywhere('fails at the header of a frame, before its payload has come', async () => {
    const header = frame({ opcode: 2, length: 1n << 40n });
    await expectTooBig(await connectTo([sendBytes(header)]), 64 * 2 ** 20);
  });

  it.everywhere('takes nothing but empty messages with maxMessageSize 0', async () => {
    await expectTooBig(await connectTo([sendBinary([1])], { maxMessageSize: 0 }), 0);
    const { client } = await connectTo([sendBinary([]), sendText('')], { maxMessageSize: 0 });
    expect(await client.recv()).toEqual(new Uint8Array(0));
    expect(await client.recv()).toBe('');
  });

  it('has no limit where it is infinite', async () => {
    const { client } = await connectTo([sendPattern(50_000)], {
      maxMessageSize: Number.POSITIVE_INFINITY,
    });
    expect(await client.recv()).toHaveLength(50_000);
  });

  it.everywhere('fails with 1009 above maxFragments, empty fragments counted', async () => {
    const fragments = (count: number): Uint8Array =>
      concat(
        ...Array.from({ length: count }, (_, i) =>
          frame({ opcode: i === 0 ? 1 : 0, isFinal: i === count - 1 }),
        ),
      );
    const { client } = await connectTo([sendBytes(fragments(5))], { maxFragments: 5 });
    expect(await client.recv()).toBe('');
    await expectTooBig(await connectTo([sendBytes(fragments(6))], { maxFragments: 5 }), 5);
  });

  it.everywhere('delivers what came before the message that is too big', async () => {
    const { client } = await connectTo([sendText('fits'), sendText('does not fit')], {
      maxMessageSize: 4,
    });
    expect(await client.recv()).toBe('fits');
    expect(await rejection(client.recv())).toBeInstanceOf(face.errors.MessageTooBigError);
  });
});
