/**
 * Exceptions within a blocking call, by a function of the caller or while a message is delivered. The call throws, its
 * connection is failed once, and all others go on.
 */
import { describe, expect, it } from 'vitest';
import { connect, type SyncConnection } from 'wirespeed/sync';
import { BLOCKING_IO } from '../support/blocking-io.ts';
import {
  closeCodeIn,
  ECHO,
  peer,
  type Script,
  send,
  sendBytes,
  sendText,
  waitFor,
} from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';
import { connectTo } from './sync-connection.ts';

/** An error and its causes. */
type Thrown = Error & { cause?: Error & { cause?: unknown } };

/** Returns what a call throws. */
function thrownBy(call: () => unknown): Thrown {
  try {
    call();
  } catch (error) {
    return error as Thrown;
  }
  throw new Error('the call was expected to throw, and did not');
}

for (const listener of ['plain', 'tls'] as const) {
  describe(`generateMaskingKey, ${listener}`, () => {
    /** What the generator does at its next call besides masking with zeros. */
    let act: (() => void) | undefined;
    function open(script: Script = { steps: [ECHO] }) {
      const scripted = peer.script(listener, script);
      act = undefined;
      const generateMaskingKey = (keys: Uint8Array): void => {
        keys.fill(0);
        const once = act;
        act = undefined;
        once?.();
      };
      const ws = connectTo(scripted, { generateMaskingKey });
      return { ws, scripted };
    }
    const fault = new Error('no entropy');
    const fail = (): never => {
      throw fault;
    };

    /** Checks that the connection was failed for what the generator threw, and that another one works. */
    function expectFailed(ws: SyncConnection, error: Thrown): void {
      expect(error).toMatchObject({ code: 'WS_CONNECTION_CLOSED', closeCode: 1006 });
      expect(error.cause).toMatchObject({ code: 'WS_SEND', cause: fault });
      expect(ws).toMatchObject({ state: 'closed', closeCode: 1006, bufferedAmount: 0 });
      expect(thrownBy(() => ws.send('more'))).toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
      expect(thrownBy(() => ws.recv())).toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
      expect(thrownBy(() => ws.ping())).toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
      ws.close();
      const { ws: other } = open();
      other.send('hello');
      expect(other.recv({ timeout: 5000 })).toBe('hello');
    }

    const CALLS: Readonly<Record<string, (ws: SyncConnection) => unknown>> = {
      'a short send': (ws) => ws.send('x'),
      'a long send': (ws) => ws.send(new Uint8Array(1_000_000)),
      'a send with a time limit': (ws) => ws.send('x', { timeout: 100 }),
      'a ping': (ws) => ws.ping(),
      'a pong': (ws) => ws.pong('x'),
    };
    for (const [name, call] of Object.entries(CALLS)) {
      it(`that throws in ${name} fails the connection, and the call throws`, async () => {
        const { ws, scripted } = open();
        ws.send('before');
        act = fail;
        expectFailed(
          ws,
          thrownBy(() => call(ws)),
        );
        // Nothing of the frame has left, and no close frame could.
        expect((await scripted.seen()).frames).toHaveLength(1);
      });
    }

    it('that throws while a ping is answered fails the connection, and the recv throws', () => {
      const { ws } = open({ steps: [waitFor('message'), send({ opcode: 9 }), waitFor('over')] });
      ws.send('go');
      act = fail;
      expectFailed(
        ws,
        thrownBy(() => ws.recv({ timeout: 5000 })),
      );
    });

    it('that throws in a close ends the connection at once', () => {
      const { ws } = open();
      act = fail;
      ws.close();
      expect(ws).toMatchObject({ state: 'closed', closeCode: 1006 });
      expect(thrownBy(() => ws.recv()).cause).toMatchObject({ code: 'WS_SEND', cause: fault });
    });

    it('that sends on its own connection fails it', () => {
      const { ws } = open();
      act = () => ws.send('within');
      const { cause } = thrownBy(() => ws.send('around'));
      expect(cause?.cause).toMatchObject({
        code: 'WS_CONCURRENCY',
        message:
          'generateMaskingKey runs within a call of wirespeed/sync, and must make no other one',
      });
      expect(ws.state).toBe('closed');
    });

    it('that catches what its own send throws has done nothing by it', () => {
      const { ws } = open();
      act = () => void thrownBy(() => ws.send('within'));
      ws.send('around');
      expect(ws.recv({ timeout: 5000 })).toBe('around');
    });

    it('can make no other blocking call, and disturbs no other connection', () => {
      const { ws: other } = open();
      const { ws } = open({
        // Two pings come at once, so the second pong is written behind the first.
        steps: [
          waitFor('message'),
          { send: '89008900' },
          waitFor('pong', 2),
          ECHO,
          sendText('pinged'),
        ],
      });
      ws.send('go');
      const errors: Error[] = [];
      const tryAll = (): void => {
        const { url } = peer.script(listener, { steps: [ECHO] });
        for (const call of [
          () => other.send('within'),
          () => other.recv(),
          () => other.ping(),
          () => other.close(),
          () => connect(url, { tls: { rejectUnauthorized: false } }),
        ]) {
          errors.push(thrownBy(call));
        }
        act = tryAll;
      };
      act = tryAll;
      expect(ws.recv({ timeout: 5000 })).toBe('pinged');
      act = undefined;
      expect(errors.length).toBeGreaterThan(5);
      expect(errors.every((error) => (error as { code?: string }).code === 'WS_CONCURRENCY')).toBe(
        true,
      );
      for (const each of [ws, other]) {
        each.send('after');
        expect(each.recv({ timeout: 5000 })).toBe('after');
      }
    });

    it('that terminates its connection makes the send throw', () => {
      const { ws } = open();
      act = () => ws.terminate();
      expect(thrownBy(() => ws.send('x'))).toMatchObject({ code: 'WS_CONNECTION_CLOSED' });
      expect(ws.state).toBe('closed');
    });
  });
}

it.each(['plain', 'tls'] as const)(
  'a text longer than the longest string fails with 1009 at its header, %s',
  async (listener) => {
    const header = Buffer.from('817f0000000020000000', 'hex');
    const script = peer.script(listener, { steps: [sendBytes(header), waitFor('over')] });
    const ws = connectTo(script, { maxMessageSize: 2 ** 31 });
    const error = thrownBy(() => ws.recv({ timeout: 5000 }));
    expect(error).toMatchObject({ code: 'WS_MESSAGE_TOO_BIG', closeCode: 1009 });
    expect(error.message).toContain('more than a string can hold');
    ws.close();
    expect(ws.state).toBe('closed');
    expect(closeCodeIn(await script.seen())).toBe(1009);
  },
);

describe.each(BLOCKING_IO)('what is thrown while a message is delivered, by way of %s,', (io) => {
  it.each(['plain', 'tls'] as const)(
    'fails its connection with 1011, and another goes on, %s',
    async (listener) => {
      const faulty = peer.script(listener, { steps: [sendText('first'), sendText('boom')] });
      const other = peer.script(listener, { steps: [ECHO] });
      const { lines, stderr } = await runProgram(
        `const { latin1Slice } = Buffer.prototype;
        Buffer.prototype.latin1Slice = function (...args) {
          const text = latin1Slice.apply(this, args);
          if (text === 'boom') throw new RangeError('no memory');
          return text;
        };
        process.on('uncaughtException', (error) => console.log('uncaught', error.message));
        const { connect } = await import('wirespeed/sync');
        const [ws, other] = [${JSON.stringify(faulty.url)}, ${JSON.stringify(other.url)}].map((url) =>
          connect(url));
        console.log(ws.recv());
        try { ws.recv(); } catch (error) {
          console.log(error.code, error.cause.code, error.cause.cause.message, ws.state);
        }
        ws.close();
        other.send('hello');
        console.log(other.recv());
        other.close();`,
        { env: { WIRESPEED_SYNC_IO: io } },
      );
      expect(stderr).toBe('');
      expect(lines).toEqual([
        'first',
        'WS_CONNECTION_CLOSED WS_DELIVERY no memory closed',
        'hello',
      ]);
      expect(closeCodeIn(await faulty.seen())).toBe(1011);
    },
  );
});
