import { expect } from 'vitest';
import { concat, type FrameFields, frame, KEY } from '../support/frames.ts';
import { closeCodeIn, END, send, sendBytes, sendText } from '../support/peer/index.ts';
import { VIOLATIONS } from '../support/violations.ts';
import { contract, rejection } from './contract.ts';

/** What the peer does wrong, and the close code that it must be told. */
const OF_SERVERS: readonly [string, readonly FrameFields[], number][] = [
  ['a masked frame (§5.1)', [{ opcode: 1, payload: 'masked', key: KEY }], 1002],
  ...VIOLATIONS,
];

/** The first for each close code: they are tried in every way. */
const EVERYWHERE = [1002, 1007, 1009].map((code) => OF_SERVERS.find((each) => each[2] === code));

contract('protocol violations', ({ connectTo, face, it }) => {
  for (const violation of OF_SERVERS) {
    const [what, frames, code] = violation;
    const register = EVERYWHERE.includes(violation) ? it.everywhere : it;
    register(`fails the connection with ${code} for ${what}`, async () => {
      const bytes = concat(...frames.map(frame));
      const { client, script } = await connectTo([sendText('before'), sendBytes(bytes)]);
      expect(await client.recv()).toBe('before');
      const error = await rejection(client.recv());
      if (code === 1009) {
        expect(error).toBeInstanceOf(face.errors.MessageTooBigError);
      } else {
        expect(error).toBeInstanceOf(face.errors.RemoteProtocolError);
        expect(error.message).toMatch(/RFC 6455/);
      }
      expect(error).toMatchObject({ closeCode: code });
      await client.closed();
      expect(client.properties.state).toBe('closed');
      expect(closeCodeIn(await script.seen())).toBe(code);
    });
  }

  it.everywhere('delivers what came before the violation, and nothing after it', async () => {
    const { client } = await connectTo([
      sendText('one'),
      sendText('two'),
      send({ opcode: 5 }),
      sendText('three'),
    ]);
    await client.happens(() => client.properties.state !== 'open');
    expect(await client.recv()).toBe('one');
    expect(await client.recv()).toBe('two');
    expect(await rejection(client.recv())).toBeInstanceOf(face.errors.RemoteProtocolError);
    expect(await rejection(client.recv())).toBeInstanceOf(face.errors.WebSocketError);
  });

  it('refuses to send afterwards, and says why', async () => {
    const { client } = await connectTo([send({ opcode: 5 })]);
    const why = await rejection(client.recv());
    const error = await rejection(client.send('text'));
    expect(error).toBeInstanceOf(face.errors.ConnectionClosedError);
    expect(error).toMatchObject({ wasClean: false, sent: { code: 1002 }, received: undefined });
    expect(error.cause).toBe(why);
    await client.closed();
    expect(client.properties.closeCode).toBe(1006);
  });

  it.everywhere(
    'tells of the violation although the peer ends the connection right after it',
    async () => {
      const { client } = await connectTo([send({ opcode: 5 }), END]);
      expect(await rejection(client.recv())).toBeInstanceOf(face.errors.RemoteProtocolError);
    },
  );

  it.everywhere('does not wait for a peer that stays after it was failed', async () => {
    const { client } = await connectTo(
      [send({ opcode: 5 })],
      { closeTimeout: 80 },
      {
        ignoresClose: true,
        ignoresEnd: true,
      },
    );
    const since = performance.now();
    await rejection(client.recv());
    await client.closed();
    expect(performance.now() - since).toBeLessThan(1200);
  });
});
