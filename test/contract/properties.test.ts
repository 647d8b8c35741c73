import { expect } from 'vitest';
import { ECHO, sendClose } from '../support/peer/index.ts';
import { contract } from './contract.ts';

contract('properties', ({ connectTo, way, it }) => {
  it.everywhere('say where the connection goes and what was agreed', async () => {
    const { client, script } = await connectTo([ECHO]);
    const { properties } = client;
    const { port } = new URL(script.url);
    expect(properties.url).toBe(script.url);
    expect(properties.protocol).toBe('');
    expect(properties.extensions).toBe('');
    expect(address(properties.remoteAddress)).toEqual({ host: '127.0.0.1', port: Number(port) });
    const local = address(properties.localAddress);
    expect(local.host).toBe('127.0.0.1');
    expect(local.port).toBeGreaterThan(0);
    expect(local.port).not.toBe(Number(port));
  });

  it.everywhere('go through the states', async () => {
    const { client } = await connectTo([ECHO]);
    expect(client.properties).toMatchObject({
      state: 'open',
      closeCode: undefined,
      closeReason: undefined,
    });
    const closing = client.close(1000, 'done');
    expect(['closing', 'closed']).toContain(client.properties.state);
    await closing;
    expect(client.properties.state).toBe('closed');
    expect(client.properties.closeCode).toBe(1000);
  });

  it.everywhere('keep the addresses after the end', async () => {
    const { client, script } = await connectTo([sendClose(1000)]);
    await client.closed();
    const { port } = new URL(script.url);
    expect(address(client.properties.remoteAddress).port).toBe(Number(port));
    expect(client.properties.url).toBe(script.url);
  });

  it.everywhere('bufferedAmount is 0 once everything has been taken', async () => {
    const { client } = await connectTo([ECHO]);
    expect(client.properties.bufferedAmount).toBe(0);
    await client.send('x'.repeat(way === 'byte by byte' ? 1000 : 100_000));
    await client.recv();
    expect(client.properties.bufferedAmount).toBe(0);
    await client.close();
    expect(client.properties.bufferedAmount).toBe(0);
  });
});

interface Address {
  host: string;
  port: number;
}

/** An address may be one string or have the parts of Node's `net.AddressInfo`. */
function address(value: unknown): Address {
  if (typeof value === 'string') {
    const colon = value.lastIndexOf(':');
    return { host: value.slice(0, colon), port: Number(value.slice(colon + 1)) };
  }
  const { address: host, port } = value as { address: string; port: number };
  return { host, port };
}
