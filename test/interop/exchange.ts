/**
 * What is done with every other implementation: messages of every length form, compressed ones,
 * fragments, and a server that echoes and closes when it is asked to.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import type { Connection } from 'wirespeed';
import type { EventConnection } from 'wirespeed/server';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { patternBytes } from '../support/peer/pattern.mjs';

/** Lengths at which the form of a frame's length changes, and others. */
export const LENGTHS: readonly number[] = [0, 1, 125, 126, 65_535, 65_536, 1_000_000];

/** Exchanges binary and text of every length with a server that echoes. */
export async function exchangeLengths(
  ws: Connection,
  lengths: readonly number[] = LENGTHS,
): Promise<void> {
  for (const length of lengths) {
    const bytes = patternBytes(length);
    await ws.send(bytes);
    expect(Buffer.compare((await ws.recv()) as Uint8Array, bytes)).toBe(0);
    const text = patternBytes(length, true).toString();
    await ws.send(text);
    expect((await ws.recv()) === text).toBe(true);
  }
}

/** Exchanges a message of which, compressed, little goes over the wire. */
export async function exchangeRepetitive(ws: Connection): Promise<void> {
  const repetitive = 'the same again, '.repeat(50_000);
  const before = ws.stats();
  await ws.send(repetitive);
  expect((await ws.recv()) === repetitive).toBe(true);
  const after = ws.stats();
  expect(after.bytesSent - before.bytesSent).toBeLessThan(15_000);
  expect(after.bytesReceived - before.bytesReceived).toBeLessThan(15_000);
}

/** Sends a message in fragments to a server that echoes. */
export async function sendFragments(ws: Connection): Promise<void> {
  await ws.send(['in ', 'pieces']);
  expect(await ws.recv()).toBe('in pieces');
}

/** Gets a message in fragments from a server that sends one when it is asked to. */
export async function receiveFragments(ws: Connection): Promise<void> {
  await ws.send('fragments');
  expect(await ws.recv()).toBe('one two');
}

/** Has a server close that does so when it is asked to. */
export async function haveClosed(ws: Connection): Promise<void> {
  await ws.send('close me');
  await expect(ws.recv()).rejects.toMatchObject({ closeCode: 4000, reason: 'as you wish' });
}

/** The message handler of a server of Wirespeed that echoes, and closes when it is asked to. */
export function echoOrClose(ws: EventConnection, data: Uint8Array, isText: boolean): void {
  if (isText && Buffer.from(data).toString() === 'close me') ws.close(4000, 'as you wish');
  else ws.send(data, { text: isText });
}

/** A server of `ws`, running. */
export interface WsServer {
  readonly url: string;
  stop(): void;
}

/** Starts a server of `ws`; `handle` is given each message. */
export async function startWsServer(
  options: ServerOptions,
  handle: (ws: WebSocket, data: Buffer, isBinary: boolean) => void,
): Promise<WsServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  server.on('connection', (ws) => {
    ws.on('message', (data, isBinary) => handle(ws, data as Buffer, isBinary));
  });
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}
