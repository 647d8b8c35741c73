/**
 * How connections end while blocking calls drive them: by either end, by faults and by time limits. Both the
 * blocking connection and the async one report it.
 */
import { describe, expect, it } from 'vitest';
import {
  type Connection,
  ConnectionClosedError,
  RemoteProtocolError,
  TimeoutError,
  TransportError,
} from 'wirespeed';
import { type SyncConnection, toAsync, toSync } from 'wirespeed/sync';
import { closePayload, frame } from '../support/frames.ts';
import {
  ECHO,
  END,
  flood,
  peer,
  RESET,
  type Scripted,
  STOP_READING,
  send,
  sendBytes,
  sendClose,
  sendText,
  sleep,
  UNTIL_TOLD,
  waitFor,
} from '../support/peer/index.ts';
import { patternBytes } from '../support/peer/pattern.mjs';
import { runProgram } from '../support/run-program.ts';
import { elapse, open } from './async-connection.ts';

interface Lent {
  blocking: SyncConnection;
  ws: Connection;
  script: Scripted;
}

async function lend(...args: Parameters<typeof open>): Promise<Lent> {
  const { ws, script } = await open(...args);
  return { blocking: toSync(ws), ws, script };
}

function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function timed(call: () => unknown): number {
  const begun = performance.now();
  call();
  return performance.now() - begun;
}

describe('the end of a connection that is lent', () => {
  it('by the peer is reported after its messages, by both connections', async () => {
    const { ws, blocking } = await lend([
      waitFor('message'),
      sendText('before'),
      sendText('the close'),
      sendClose(4001, 'enough'),
    ]);
    blocking.send('go');
    expect(blocking.recv()).toBe('before');
    expect(blocking.recv()).toBe('the close');
    expect(thrown(() => blocking.recv())).toMatchObject({ closeCode: 4001, reason: 'enough' });
    expect(blocking.closeReason).toBe('enough');
    toAsync(blocking);
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 4001, wasClean: true });
    await ws.close();
  });

  it('by the peer, seen only when it is given back, comes after the messages as well', async () => {
    const { ws, blocking } = await lend([
      waitFor('message'),
      sendText('one'),
      sendText('two'),
      sendClose(1000),
    ]);
    blocking.send('go');
    expect(blocking.recv()).toBe('one');
    toAsync(blocking);
    const rest: unknown[] = [];
    for await (const message of ws) rest.push(message);
    expect(rest).toEqual(['two']);
    expect(ws.closeCode).toBe(1000);
  });

  it('by the peer while the event loop waits rejects a ping that was under way', async () => {
    const { ws } = await open([waitFor('message'), sendClose(1001)], {}, { ignoresPings: true });
    const ping = ws.ping().catch((error: unknown) => error);
    const blocking = toSync(ws);
    blocking.send('go');
    expect(thrown(() => blocking.recv())).toBeInstanceOf(ConnectionClosedError);
    expect(await ping).toBeInstanceOf(ConnectionClosedError);
  });

  it('by a blocking close is a normal one', async () => {
    const { ws, blocking, script } = await lend([sendText('late'), waitFor('close')]);
    blocking.close(4000, 'done here');
    expect(blocking.state).toBe('closed');
    expect(toAsync(blocking)).toBe(ws);
    // Messages that had come can still be received, and then the iteration ends.
    const rest: unknown[] = [];
    for await (const message of ws) rest.push(message);
    expect(rest).toEqual(['late']);
    expect(ws.closeCode).toBe(4000);
    expect((await script.seen()).frames.at(-1)).toMatchObject({ opcode: 8 });
  });

  it('by a blocking close is one even where no promise is fulfilled any more, as the process exits', async () => {
    const script = peer.script('plain', { steps: [ECHO] });
    const { lines } = await runProgram(`
      import { connect } from 'wirespeed';
      import { toSync } from 'wirespeed/sync';
      const ws = await connect(${JSON.stringify(script.url)});
      process.once('exit', () => {
        toSync(ws).close(1001, 'exiting');
        console.log(ws.closeCode);
      });
      process.exit();
    `);
    expect(lines).toEqual(['1001']);
    expect((await script.seen()).frames.at(-1)).toMatchObject({ opcode: 8 });
  });

  it('by disposal is that of a blocking close', async () => {
    const { ws, blocking } = await lend([ECHO]);
    blocking[Symbol.dispose]();
    expect(ws.state).toBe('closed');
    expect(ws.closeCode).toBe(1000);
  });

  it('by terminate is at once', async () => {
    const { ws, blocking, script } = await lend([ECHO]);
    blocking.terminate();
    expect(thrown(() => blocking.recv())).toBeInstanceOf(ConnectionClosedError);
    toAsync(blocking);
    await expect(ws.recv()).rejects.toMatchObject({ closeCode: 1006 });
    expect((await script.seen()).frames).toEqual([]);
  });

  it('by the end of the TCP connection is abnormal', async () => {
    const { ws, blocking } = await lend([waitFor('message'), sendText('last'), END]);
    blocking.send('go');
    expect(blocking.recv()).toBe('last');
    expect(thrown(() => blocking.recv())).toMatchObject({ closeCode: 1006, wasClean: false });
    toAsync(blocking);
    await expect(ws.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  it('by a reset is told by its cause', async () => {
    const { ws, blocking } = await lend([waitFor('message'), RESET]);
    blocking.send('go');
    const error = thrown(() => blocking.recv());
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.cause).toBeInstanceOf(TransportError);
    expect((error.cause as Error).cause).toMatchObject({ code: 'ECONNRESET' });
    toAsync(blocking);
    await expect(ws.send('no')).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  it('by a reset while something waits to be sent is told by the next recv, with its cause', async () => {
    const { blocking, script } = await lend([STOP_READING, UNTIL_TOLD, RESET]);
    expect(thrown(() => blocking.send(patternBytes(20_000_000), { timeout: 50 }))).toBeInstanceOf(
      TimeoutError,
    );
    script.goOn();
    await script.seen();
    const error = thrown(() => blocking.recv({ timeout: 5000 }));
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error.cause).toBeInstanceOf(TransportError);
  });

  it('by a reset within a long send is seen in it', async () => {
    const large = patternBytes(50_000_000);
    const { blocking } = await lend([STOP_READING, sleep(200), RESET]);
    const error = thrown(() => blocking.send(large));
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(blocking.state).toBe('closed');
    expect(blocking.bufferedAmount).toBe(0);
  });

  it('by the peer within a long send that it does not read is seen in it', async () => {
    const large = patternBytes(50_000_000);
    const { blocking, ws } = await lend([STOP_READING, sleep(200), sendClose(1013)], {
      closeTimeout: 200,
    });
    expect(thrown(() => blocking.send(large))).toMatchObject({ closeCode: 1013 });
    expect(ws.closeCode).toBe(1013);
  });

  it('by a rule that the peer breaks is told at once, and the peer is told why', async () => {
    const { ws, blocking, script } = await lend(
      // The flood that follows is not read: the connection is given up before.
      [
        waitFor('message'),
        sendBytes(frame({ opcode: 3, payload: '' })),
        flood(new Uint8Array(10_000)),
      ],
      {},
      { ignoresClose: true },
    );
    blocking.send('go');
    block(50);
    expect(timed(() => thrown(() => blocking.recv()))).toBeLessThan(5000);
    expect(thrown(() => blocking.recv())).toBeInstanceOf(RemoteProtocolError);
    expect(blocking.state).toBe('closed');
    toAsync(blocking);
    await expect(ws.recv()).rejects.toBeInstanceOf(RemoteProtocolError);
    const { frames, hasEnded, error } = await script.seen();
    expect(frames.at(-1)).toMatchObject({ opcode: 8, payload: '03ea' });
    expect({ hasEnded, error }).toEqual({ hasEnded: true, error: undefined });
  });
});

describe('the time limits of a connection that is lent', () => {
  const keepalive = { pingInterval: 60, pingTimeout: 60 };

  it('a peer that has died fails a call that waits, by the keepalive', async () => {
    const { ws, blocking } = await lend([], keepalive, { ignoresPings: true });
    let error: Error | undefined;
    const waited = timed(() => {
      error = thrown(() => blocking.recv());
    });
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error?.cause).toMatchObject({ operation: 'keepalive' });
    expect(error?.cause).toBeInstanceOf(TimeoutError);
    expect(waited).toBeGreaterThan(100);
    expect(waited).toBeLessThan(3000);
    toAsync(blocking);
    await expect(ws.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
  });

  it('a peer that answers keepalive pings fails none', async () => {
    const { blocking, script } = await lend([ECHO], { pingInterval: 60, pingTimeout: 3000 });
    expect(thrown(() => blocking.recv({ timeout: 400 }))).toBeInstanceOf(TimeoutError);
    blocking.close();
    const pings = (await script.seen()).frames.filter(({ opcode }) => opcode === 9);
    expect(pings.length).toBeGreaterThan(2);
  });

  it.each(['a call', 'toAsync'])(
    'between two calls nobody listens, and %s does not take the peer for dead',
    async (next) => {
      const { ws, blocking } = await lend(
        [waitFor('ping'), sleep(30), send({ opcode: 10, payload: '' }), ECHO],
        // An echo takes less, even on a busy machine.
        { pingInterval: 60, pingTimeout: 500 },
        { ignoresPings: true },
      );
      // This call sends a ping. The pong has come when the next call begins.
      expect(thrown(() => blocking.recv({ timeout: 65 }))).toBeInstanceOf(TimeoutError);
      block(550);
      await elapse(30);
      expect(ws.state).toBe('open');
      if (next === 'a call') {
        blocking.send('after a while');
        expect(blocking.recv()).toBe('after a while');
      }
      toAsync(blocking);
      await ws.send('and again');
      expect(await ws.recv()).toBe('and again');
    },
  );

  it('the keepalive of the event loop goes on once it is given back', async () => {
    const { ws, blocking } = await lend([ECHO], keepalive, { ignoresPings: true });
    toAsync(blocking);
    await expect(ws.recv()).rejects.toMatchObject({ cause: { operation: 'keepalive' } });
  });

  it('closeTimeout bounds a blocking close', async () => {
    const { ws, blocking } = await lend([], { closeTimeout: 100 }, { ignoresClose: true });
    const waited = timed(() => blocking.close());
    expect(waited).toBeGreaterThan(90);
    expect(waited).toBeLessThan(3000);
    expect(ws.state).toBe('closed');
    expect(ws.closeCode).toBe(1006);
  });

  it('closeTimeout bounds what the peer has begun to close, once that is given back', async () => {
    const { ws, blocking } = await lend(
      [waitFor('message'), send({ opcode: 8, payload: closePayload(1000) })],
      { closeTimeout: 200 },
      { ignoresClose: true, ignoresEnd: true },
    );
    blocking.send('go');
    expect(thrown(() => blocking.recv({ timeout: 50 }))).toBeInstanceOf(TimeoutError);
    expect(blocking.state).toBe('closing');
    toAsync(blocking);
    const begun = performance.now();
    await expect(ws.recv()).rejects.toBeInstanceOf(ConnectionClosedError);
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});
