import { expect } from 'vitest';
import { ECHO, peer, type Seen } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

/** The values of a header in the request that the peer received. */
function header(seen: Seen, name: string): string[] {
  return seen.request.headers
    .filter(([field]) => field.toLowerCase() === name)
    .map(([, value]) => value);
}

contract('the opening handshake', ({ connect, connectTo, script, face, way, it }) => {
  it.everywhere('sends the request that RFC 6455 §4.1 asks for', async () => {
    const { client, script: target } = await connectTo([]);
    await client.close();
    const seen = await target.seen();
    const { host, pathname, search } = new URL(target.url);
    expect(seen.request.line).toBe(`GET ${pathname}${search} HTTP/1.1`);
    expect(header(seen, 'host')).toEqual([host]);
    expect(header(seen, 'upgrade').map((value) => value.toLowerCase())).toEqual(['websocket']);
    expect(header(seen, 'connection')).toEqual(['Upgrade']);
    expect(header(seen, 'sec-websocket-version')).toEqual(['13']);
    const [key = ''] = header(seen, 'sec-websocket-key');
    expect(Buffer.from(key, 'base64')).toHaveLength(16);
    for (const name of ['origin', 'authorization', 'sec-websocket-protocol']) {
      expect(header(seen, name)).toEqual([]);
    }
  });

  it('draws a new key for every connection', async () => {
    const keys = new Set<string | undefined>();
    for (let i = 0; i < 3; i++) {
      const { client, script: target } = await connectTo([]);
      await client.close();
      keys.add(header(await target.seen(), 'sec-websocket-key')[0]);
    }
    expect(keys.size).toBe(3);
  });

  it('sends path and query as they are, percent-encoding what a URL encodes', async () => {
    const target = script([]);
    const url = new URL(target.url);
    url.pathname = '/a%20b/é;x=1/%23';
    url.searchParams.append('q', 'ü & ?');
    const client = await connect(url);
    await client.close();
    expect((await target.seen()).request.line).toBe(`GET ${url.pathname}${url.search} HTTP/1.1`);
  });

  it('takes a URL object as well as a string', async () => {
    const target = script([ECHO]);
    const client = await connect(new URL(target.url));
    await client.send('hello');
    expect(await client.recv()).toBe('hello');
  });

  it.everywhere('agrees on a subprotocol that was offered', async () => {
    const { client, script: target } = await connectTo(
      [],
      { protocols: ['chat.v2', 'chat.v1'] },
      { opening: { headers: { 'Sec-WebSocket-Protocol': 'chat.v1' } } },
    );
    expect(client.properties.protocol).toBe('chat.v1');
    await client.close();
    expect(header(await target.seen(), 'sec-websocket-protocol')).toEqual(['chat.v2, chat.v1']);
  });

  it('takes one subprotocol as a string', async () => {
    const { client, script: target } = await connectTo([], { protocols: 'chat' });
    await client.close();
    expect(header(await target.seen(), 'sec-websocket-protocol')).toEqual(['chat']);
  });

  it('goes on without a subprotocol where the server chooses none', async () => {
    const { client } = await connectTo([], { protocols: ['chat'] });
    expect(client.properties.protocol).toBe('');
  });

  for (const [offered, chosen] of [
    [['chat'], 'other'],
    [[], 'chat'],
    [['chat', 'talk'], 'chat, talk'],
    [['chat'], 'Chat'],
    [['chat'], ''],
  ] as const) {
    it(`rejects the subprotocol '${chosen}' where [${offered}] was offered (RFC 6455 §4.1)`, async () => {
      const error = await rejection(
        connectTo(
          [],
          { protocols: offered },
          { opening: { headers: { 'Sec-WebSocket-Protocol': chosen } } },
        ),
      );
      expect(error).toBeInstanceOf(face.errors.NegotiationError);
      expect(error).toMatchObject({ code: 'WS_NEGOTIATION_FAILED', phase: 'upgrade' });
    });
  }

  it.everywhere('rejects an extension that was not offered (RFC 6455 §4.1)', async () => {
    const error = await rejection(
      connectTo([], undefined, {
        opening: { headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } },
      }),
    );
    expect(error).toBeInstanceOf(face.errors.NegotiationError);
  });

  it.everywhere('takes response headers in any case and with any spacing', async () => {
    const { client } = await connectTo([], undefined, {
      opening: {
        headers: { Upgrade: 'WebSocket', Connection: '  keep-alive,\tUPGRADE  ', 'X-Empty': '' },
      },
    });
    expect(client.properties.state).toBe('open');
  });

  it('sends headers given as an object, as pairs and as Headers', async () => {
    for (const headers of [
      { 'X-One': '1', 'X-Two': ['a', 'b'], Cookie: 'k=v; l=ü' },
      [
        ['X-One', '1'],
        ['X-Two', 'a'],
        ['X-Two', 'b'],
        ['Cookie', 'k=v; l=ü'],
      ],
      new Map<string, string | string[]>([
        ['X-One', '1'],
        ['X-Two', ['a', 'b']],
        ['Cookie', 'k=v; l=ü'],
      ]),
    ]) {
      const { client, script: target } = await connectTo([], { headers });
      await client.close();
      const seen = await target.seen();
      expect(header(seen, 'x-one')).toEqual(['1']);
      expect(header(seen, 'x-two')).toEqual(['a', 'b']);
      expect(header(seen, 'cookie')).toEqual(['k=v; l=ü']);
    }
    const { client, script: target } = await connectTo([], {
      headers: new Headers({ 'X-One': '1' }),
    });
    await client.close();
    expect(header(await target.seen(), 'x-one')).toEqual(['1']);
  });

  it.everywhere('sends a request of 300 KB whole', async () => {
    const value = 'x'.repeat(1000);
    const headers = Array.from({ length: 300 }, (_, i) => [`X-${i}`, value]);
    const { client, script: target } = await connectTo([ECHO], { headers });
    await client.send('hello');
    expect(await client.recv()).toBe('hello');
    await client.close();
    const seen = await target.seen();
    expect(seen.request.headers.filter(([, content]) => content === value)).toHaveLength(300);
  });

  it('sends the origin it is given', async () => {
    const { client, script: target } = await connectTo([], { origin: 'https://example.com' });
    await client.close();
    expect(header(await target.seen(), 'origin')).toEqual(['https://example.com']);
  });

  it('sends a Host header of the caller in place of its own', async () => {
    const { client, script: target } = await connectTo([], { headers: { Host: 'example.com' } });
    await client.close();
    expect(header(await target.seen(), 'host')).toEqual(['example.com']);
  });

  it('makes Basic credentials of those in the URL, and shows them nowhere', async () => {
    const target = script([]);
    const client = await connect(target.url.replace('://', '://us%40er:p%3Ass%20w%C3%B6rd@'));
    expect(client.properties.url).not.toContain('@');
    await client.close();
    const seen = await target.seen();
    const expected = Buffer.from('us@er:p:ss wörd').toString('base64');
    expect(header(seen, 'authorization')).toEqual([`Basic ${expected}`]);
    expect(header(seen, 'host')).toEqual([new URL(target.url).host]);
  });

  it('prefers the option auth to credentials in the URL', async () => {
    const target = script([]);
    const client = await connect(target.url.replace('://', '://url:secret@'), {
      auth: { username: 'option', password: 'also:secret' },
    });
    await client.close();
    const expected = Buffer.from('option:also:secret').toString('base64');
    expect(header(await target.seen(), 'authorization')).toEqual([`Basic ${expected}`]);
  });

  if (way !== 'over TLS') {
    it.everywhere('takes http: for ws:, as browsers do', async () => {
      const target = script([]);
      const client = await connect(target.url.replace('ws:', 'http:'));
      expect(client.properties.url).toMatch(/^ws:/);
    });

    it.everywhere('finds a server by its name', async () => {
      const client = await connect(`${peer.origin('plain', 'localhost')}/`);
      await client.send('hello');
      expect(await client.recv()).toBe('hello');
    });
  }

  it.everywhere('masks with the keys it is given', async () => {
    let calls = 0;
    const { client, script: target } = await connectTo([ECHO], {
      generateMaskingKey: (keys: Uint8Array) => {
        calls++;
        keys.fill(calls);
      },
    });
    await client.send('masked');
    expect(await client.recv()).toBe('masked');
    expect(calls).toBeGreaterThan(0);
    await client.close();
    await target.seen();
  });
});
