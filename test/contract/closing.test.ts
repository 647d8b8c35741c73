import { expect } from 'vitest';
import { closePayload } from '../support/frames.ts';
import {
  closeCodeIn,
  ECHO,
  send,
  sendClose,
  sendText,
  sleep,
  waitFor,
} from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

const LEGAL_CODES = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999,
];
const ILLEGAL_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 1000.5, -1, 65_536];
const MAX_REASON = `${'ä'.repeat(61)}x`;

contract('closing', ({ connectTo, face, it }) => {
  for (const code of LEGAL_CODES) {
    const register = [1000, 1001, 4999].includes(code) ? it.everywhere : it;
    register(`closes with ${code}, from either side`, async () => {
      const ours = await connectTo([ECHO]);
      await ours.client.close(code, 'ours');
      expect(ours.client.properties).toMatchObject({ state: 'closed', closeCode: code });
      const { frames } = await ours.script.seen();
      expect(frames).toEqual([
        {
          opcode: 8,
          isFinal: true,
          length: 6,
          payload: Buffer.from(closePayload(code, 'ours')).toString('hex'),
        },
      ]);

      const theirs = await connectTo([sendClose(code, 'theirs')]);
      const error = await rejection(theirs.client.recv());
      expect(error).toBeInstanceOf(face.errors.ConnectionClosedError);
      expect(error).toMatchObject({ closeCode: code, reason: 'theirs' });
      await theirs.client.closed();
      expect(theirs.client.properties).toMatchObject({
        state: 'closed',
        closeCode: code,
        closeReason: 'theirs',
      });
      // RFC 6455 §5.5.1: the answer echoes the code.
      expect(closeCodeIn(await theirs.script.seen())).toBe(code);
    });
  }

  it.everywhere(
    'sends an empty close frame where there is no code, and takes one for 1005',
    async () => {
      const { client, script } = await connectTo([]);
      await client.close();
      const [frame] = (await script.seen()).frames;
      // Without a code the caller leaves it to the library: none, or that of a normal end.
      expect(['', '03e8']).toContain(frame?.payload);

      const theirs = await connectTo([sendClose()]);
      const error = await rejection(theirs.client.recv());
      expect(error).toMatchObject({ closeCode: 1005, reason: '' });
      await theirs.client.closed();
      expect(theirs.client.properties).toMatchObject({ closeCode: 1005, closeReason: '' });
      expect(closeCodeIn(await theirs.script.seen())).toBe(1005);
    },
  );

  it.everywhere('takes a reason of 123 bytes, in any script', async () => {
    const { client, script } = await connectTo([]);
    await client.close(4000, MAX_REASON);
    const [frame] = (await script.seen()).frames;
    expect(frame?.length).toBe(125);
    expect(frame?.payload).toBe(Buffer.from(closePayload(4000, MAX_REASON)).toString('hex'));

    const theirs = await connectTo([sendClose(1000, MAX_REASON)]);
    await theirs.client.closed();
    expect(theirs.client.properties.closeReason).toBe(MAX_REASON);
  });

  for (const code of ILLEGAL_CODES) {
    it(`throws a RangeError for the code ${code} and stays open`, async () => {
      const { client, script } = await connectTo([ECHO]);
      expect(await rejection(client.close(code))).toBeInstanceOf(RangeError);
      await client.send('still open');
      expect(await client.recv()).toBe('still open');
      await client.close(1000);
      expect((await script.seen()).frames).toHaveLength(2);
    });
  }

  it('throws for a reason above 123 bytes, and for a wrong type, and stays open', async () => {
    const { client } = await connectTo([ECHO]);
    const close = client.close as (code?: unknown, reason?: unknown) => Promise<void>;
    const tooLong = await rejection(close(1000, `${MAX_REASON}x`));
    expect(tooLong).toBeInstanceOf(face.errors.LocalProtocolError);
    expect(await rejection(close('1000'))).toBeInstanceOf(TypeError);
    expect(await rejection(close(1000, 5))).toBeInstanceOf(TypeError);
    await client.send('still open');
    expect(await client.recv()).toBe('still open');
  });

  it('may be closed twice', async () => {
    const { client, script } = await connectTo([ECHO]);
    await client.close(1000, 'first');
    await client.close(1001, 'second');
    expect(client.properties).toMatchObject({ state: 'closed', closeCode: 1000 });
    const { frames } = await script.seen();
    expect(frames.filter(({ opcode }) => opcode === 8)).toHaveLength(1);
  });

  it.everywhere('may be closed after the peer closed', async () => {
    const { client, script } = await connectTo([sendClose(1001, 'going')]);
    await client.closed();
    await client.close(1000);
    expect(client.properties).toMatchObject({ closeCode: 1001, closeReason: 'going' });
    expect(closeCodeIn(await script.seen())).toBe(1001);
  });

  it.everywhere('delivers the messages that came before the close first', async () => {
    const { client } = await connectTo([
      sendText('one'),
      sendText('two'),
      sendText('three'),
      sendClose(1000, 'bye'),
    ]);
    await client.happens(() => client.properties.state !== 'open');
    expect(await client.recv()).toBe('one');
    expect(await client.recv()).toBe('two');
    expect(await client.recv()).toBe('three');
    expect(await rejection(client.recv())).toMatchObject({ closeCode: 1000, reason: 'bye' });
  });

  it.everywhere('sends everything that was handed to send before the close frame', async () => {
    const { client, script } = await connectTo([]);
    for (let i = 0; i < 50; i++) await client.send(new Uint8Array(10_000));
    await client.close(1000);
    const seen = await script.seen();
    expect(seen.bytes).toBe(500_000);
    expect(seen.frames.at(-1)?.opcode).toBe(8);
  });

  it.everywhere('copes with both sides closing at once (RFC 6455 §7.1.5)', async () => {
    const { client, script } = await connectTo([
      waitFor('message'),
      sendText('now'),
      sendClose(1001, 'theirs'),
      sleep(20),
    ]);
    await client.send('go');
    expect(await client.recv()).toBe('now');
    await client.close(1000, 'ours');
    expect(client.properties).toMatchObject({ state: 'closed', closeCode: 1001 });
    const closing = (await script.seen()).frames.filter(({ opcode }) => opcode === 8);
    expect(closing).toHaveLength(1);
  });

  it.everywhere(
    'takes messages that come after its own close frame, until the answer',
    async () => {
      const { client } = await connectTo(
        [
          waitFor('close'),
          sendText('late'),
          send({ opcode: 9, payload: 'ping' }),
          sendClose(1000, 'done'),
          { end: true },
        ],
        undefined,
        { ignoresClose: true },
      );
      await client.close(1000);
      expect(client.properties).toMatchObject({ state: 'closed', closeReason: 'done' });
    },
  );

  it('refuses every call that needs an open connection after the close', async () => {
    const { client } = await connectTo([ECHO]);
    await client.close(1000);
    const { ConnectionClosedError } = face.errors;
    for (const call of [
      () => client.send('text'),
      () => client.send(new Uint8Array(3)),
      () => client.ping(),
      () => client.pong(),
      () => client.recv(),
      () => client.recv(),
    ]) {
      const error = await rejection(call());
      expect(error).toBeInstanceOf(ConnectionClosedError);
      expect(error).toMatchObject({ code: 'WS_CONNECTION_CLOSED', closeCode: 1000 });
    }
  });

  it.everywhere('refuses to send after the peer closed, and says with what', async () => {
    const { client } = await connectTo([sendClose(1013, 'busy')]);
    await client.closed();
    const error = await rejection(client.send('text'));
    expect(error).toBeInstanceOf(face.errors.ConnectionClosedError);
    expect(error).toMatchObject({
      closeCode: 1013,
      reason: 'busy',
      wasClean: true,
      received: { code: 1013, reason: 'busy' },
      sent: { code: 1013 },
    });
    expect(error.message).toContain('1013');
    expect(error.message).toContain('busy');
  });

  it('says what was sent and received where the client closed', async () => {
    const { client } = await connectTo([ECHO]);
    await client.close(4001, 'enough');
    expect(await rejection(client.send('text'))).toMatchObject({
      wasClean: true,
      sent: { code: 4001, reason: 'enough' },
      received: { code: 4001 },
    });
  });

  it.everywhere('terminate ends the connection at once, without a close frame', async () => {
    const { client, script } = await connectTo([ECHO]);
    client.terminate();
    await client.closed();
    expect(client.properties).toMatchObject({ state: 'closed', closeCode: 1006 });
    client.terminate();
    await client.close();
    const seen = await script.seen();
    expect(seen.frames).toEqual([]);
    expect(await rejection(client.send('x'))).toBeInstanceOf(face.errors.ConnectionClosedError);
  });
});
