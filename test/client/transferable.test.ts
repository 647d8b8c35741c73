/** Short binary messages share an `ArrayBuffer`, unless `transferable` asks for one each. */
import { describe, expect, it } from 'vitest';
import { connect, type Message } from 'wirespeed';
import { connect as connectEvents } from 'wirespeed/events';
import { serve } from 'wirespeed/server';
import { connect as connectSync } from 'wirespeed/sync';
import { ECHO, peer } from '../support/peer/index.ts';

const SENT = [1, 2, 3].map((byte) => new Uint8Array(100).fill(byte));
type Options = { transferable?: boolean };

/** Has each of these receive what was sent. */
const RECEIVERS: Readonly<Record<string, (options: Options) => Promise<Uint8Array[]>>> = {
  async 'the async client'(options) {
    const ws = await connect(peer.script('plain', { steps: [ECHO] }).url, options);
    for (const message of SENT) void ws.send(message);
    const received = [await ws.recv(), await ws.recv(), await ws.recv()];
    ws.terminate();
    return received as Uint8Array[];
  },
  async 'the sync client'(options) {
    const ws = connectSync(peer.script('plain', { steps: [ECHO] }).url, options);
    for (const message of SENT) void ws.send(message);
    const received = [ws.recv(), ws.recv(), ws.recv()];
    ws.terminate();
    return received as Uint8Array[];
  },
  async 'the events client'(options) {
    let resolve = (_received: Uint8Array[]): void => {};
    const promise = new Promise<Uint8Array[]>((fulfil) => {
      resolve = fulfil;
    });
    const received: Message[] = [];
    const ws = await connectEvents(
      peer.script('plain', { steps: [ECHO] }).url,
      {
        message(_ws, data) {
          if (received.push(data) === SENT.length) resolve(received as Uint8Array[]);
        },
      },
      { ...options, views: false },
    );
    for (const message of SENT) void ws.send(message);
    return promise.finally(() => ws.terminate());
  },
  async 'a server'(options) {
    let resolve = (_received: Uint8Array[]): void => {};
    const promise = new Promise<Uint8Array[]>((fulfil) => {
      resolve = fulfil;
    });
    const received: Message[] = [];
    const server = await serve({
      ...options,
      host: '127.0.0.1',
      handlers: {
        message(_ws, data) {
          if (received.push(data) === SENT.length) resolve(received as Uint8Array[]);
        },
      },
    });
    const ws = await connect(server.url);
    for (const message of SENT) void ws.send(message);
    return promise.finally(() => {
      ws.terminate();
      return server.close();
    });
  },
};

describe.each(Object.entries(RECEIVERS))('messages of %s', (_name, receive) => {
  it('share an ArrayBuffer if they are short, aligned for any typed array', async () => {
    const received = await receive({});
    expect(received).toEqual(SENT);
    expect(new Set(received.map(({ buffer }) => buffer)).size).toBe(1);
    expect(received.every(({ byteOffset }) => byteOffset % 8 === 0)).toBe(true);
  });

  it('are not lost if one of them is transferred', async () => {
    const received = await receive({});
    try {
      // Node.js 20 clones it, later versions refuse.
      structuredClone(received[0], { transfer: [received[0]?.buffer as ArrayBuffer] });
    } catch (error) {
      expect(error).toMatchObject({ name: 'DataCloneError' });
    }
    expect(received).toEqual(SENT);
  });

  it('have an ArrayBuffer each with transferable: true', async () => {
    const received = await receive({ transferable: true });
    expect(received).toEqual(SENT);
    for (const { buffer, length } of received) expect(buffer.byteLength).toBe(length);
    const moved = structuredClone(received[1], { transfer: [received[1]?.buffer as ArrayBuffer] });
    expect(moved).toEqual(SENT[1]);
    expect(received[1]).toHaveLength(0);
  });
});
