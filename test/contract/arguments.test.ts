import { inspect } from 'node:util';
import { expect } from 'vitest';
import { ECHO } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

contract(
  'wrong arguments',
  ({ connect, connectTo, script, face, it }) => {
    const wrongOptions: readonly [string, object, RegExp][] = [
      ['a misspelt option', { conectTimeout: 5 }, /did you mean 'connectTimeout'/],
      ['an option in another case', { maxmessagesize: 5 }, /did you mean 'maxMessageSize'/],
      ['an option unlike any other', { xyzzy: 1 }, /unknown option 'xyzzy'/],
      ['a name of the prototype', { constructor: 1 }, /unknown option 'constructor'/],
      ['a timeout that is no number', { connectTimeout: '5' }, /connectTimeout/],
      ['a size that is no number', { maxMessageSize: '1' }, /maxMessageSize/],
      ['a switch that is no boolean', { autoPong: 1 }, /autoPong/],
      ['headers that are no object', { headers: 'X: 1' }, /headers/],
      ['a header value that is no string', { headers: { x: 1 } }, /x/],
      ['a subprotocol that is no string', { protocols: [1] }, /protocols/],
      ['a subprotocol given twice', { protocols: ['a', 'a'] }, /twice/],
      ['a subprotocol with a space', { protocols: ['a b'] }, /a b/],
      ['an empty subprotocol', { protocols: '' }, /subprotocol/],
      ['an origin that is no string', { origin: new URL('https://example.com') }, /origin/],
      ['auth without a password', { auth: { username: 'x' } }, /password/],
      ['a user name with a colon', { auth: { username: 'a:b', password: '' } }, /colon/],
      ['tls that is no object', { tls: true }, /tls/],
      ['a signal that is none', { signal: {} }, /signal/],
      ['a generator that is no function', { generateMaskingKey: 1 }, /generateMaskingKey/],
      ['perMessageDeflate that is no object', { perMessageDeflate: 'yes' }, /perMessageDeflate/],
      ['an unknown name in it', { perMessageDeflate: { treshold: 1 } }, /did you mean 'threshold'/],
      ['a level that is no number', { perMessageDeflate: { level: '6' } }, /level/],
      ['a proxy, not there yet', { proxy: 'http://127.0.0.1:1' }, /proxy/],
      ['an unknown name in receiveQueue', { receiveQueue: { hihg: 1 } }, /hihg/],
      ...['\r\nX: 1', '\n', '\r', '\0'].flatMap((bad): [string, object, RegExp][] => {
        const shown = JSON.stringify(bad);
        return [
          [`${shown} in a header's value`, { headers: { x: `a${bad}` } }, /x/],
          [`${shown} in a header's name`, { headers: { [`x${bad}`]: 'a' } }, /header name/],
          [`${shown} in a subprotocol`, { protocols: [`a${bad}`] }, /subprotocol/],
          [`${shown} in the origin`, { origin: `https://example.com${bad}` }, /origin/],
        ];
      }),
      ...[
        'Connection',
        'Upgrade',
        'SEC-WEBSOCKET-KEY',
        'Sec-WebSocket-Version',
        'sec-websocket-protocol',
        'Sec-WebSocket-Extensions',
        'Sec-WebSocket-Accept',
        'Transfer-Encoding',
        'Content-Length',
      ].map((name): [string, object, RegExp] => [
        `the header ${name}, which the handshake writes`,
        { headers: { [name]: 'x' } },
        /handshake/,
      ]),
    ];
    for (const [what, options, message] of wrongOptions) {
      it(`throws a TypeError for ${what}, and connects nowhere`, async () => {
        const target = script([ECHO]);
        const error = await rejection(connect(target, options));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(message);
        expect(await target.seenSoFar()).toBeUndefined();
      });
    }

    const outOfRange: readonly object[] = [
      { connectTimeout: -1 },
      { closeTimeout: Number.NaN },
      { maxMessageSize: -1 },
      { maxMessageSize: 1.5 },
      { maxFragments: 0 },
      { receiveQueue: { high: 0 } },
      { receiveQueue: { high: 2, low: 2 } },
      { busyPoll: -1 },
    ];
    for (const options of outOfRange) {
      it(`throws a RangeError for ${JSON.stringify(options)}`, async () => {
        const [[name]] = Object.entries(options) as [[string, unknown]];
        const error = await rejection(connect(script([]), options));
        expect(error).toBeInstanceOf(RangeError);
        expect(error.message).toContain(name);
      });
    }

    for (const options of [null, 'text', 5, []]) {
      it(`throws a TypeError for options that are ${JSON.stringify(options)}`, async () => {
        const error = await rejection(face.connect(script([]).url, options));
        expect(error).toBeInstanceOf(TypeError);
      });
    }

    it.everywhere('takes undefined for an option as its default', async () => {
      const { client } = await connectTo([ECHO], {
        connectTimeout: undefined,
        protocols: undefined,
      });
      expect(client.properties.state).toBe('open');
    });

    const wrongUrls: readonly [string, string][] = [
      ['an empty string', ''],
      ['nothing but spaces', '   '],
      ['a path alone', '/chat'],
      ['a host without a scheme', 'example.com'],
      ['another scheme', 'ftp://example.com/'],
      ['a file', 'file:///etc/passwd'],
      ['a fragment', 'ws://127.0.0.1:9/#part'],
      ['an empty fragment', 'ws://127.0.0.1:9/#'],
      ['a host with a space', 'ws://exa mple/'],
      ['no host', 'ws://'],
      ['a port that is none', 'ws://127.0.0.1:99999/'],
    ];
    for (const [what, url] of wrongUrls) {
      it(`throws InvalidUrlError for ${what}`, async () => {
        const error = await rejection(connect(url));
        expect(error).toBeInstanceOf(face.errors.InvalidUrlError);
        expect(error).toMatchObject({ phase: 'url', code: 'WS_INVALID_URL' });
      });
    }

    for (const [what, bad] of [
      ['CR', '\r'],
      ['LF', '\n'],
      ['NUL', '\0'],
      ['a header after a line break', ' HTTP/1.1\r\nX-Injected: 1'],
    ] as const) {
      it(`throws a TypeError for a URL with ${what} in it, wherever, and connects nowhere`, async () => {
        const target = script([ECHO]);
        const { url } = target;
        const middle = url.indexOf('?');
        const urls = [
          bad + url,
          `${url.slice(0, middle)}${bad}${url.slice(middle)}`,
          `${url}&q=${bad}`,
        ];
        for (const wrong of urls) {
          const error = await rejection(face.connect(wrong));
          expect(error).toBeInstanceOf(TypeError);
          expect(error.message).toMatch(/url must not contain/);
        }
        expect(await target.seenSoFar()).toBeUndefined();
      });
    }

    it('tells a refused URL without its credentials', async () => {
      for (const url of [
        'ws://me:secret@127.0.0.1:9/#part',
        'ftp://me:secret@h/',
        'ws://me:secret@h:x/',
        'ws:\\\\me:secret@127.0.0.1:9/#part',
        'ws:me:secret@h/#part',
        'ws:/\t/me:se@secret@h:x/',
      ]) {
        const error = (await rejection(connect(url))) as InstanceType<
          typeof face.errors.InvalidUrlError
        >;
        expect(inspect(error)).not.toContain('secret');
        expect(error.url).toMatch(/^(?:ws|ftp):\/[\t]?\/[1h]/);
      }
    });

    for (const [what, url] of [
      ['a number', 5],
      ['undefined', undefined],
      ['null', null],
      ['an object', {}],
    ] as const) {
      it(`throws a TypeError for a URL that is ${what}`, async () => {
        expect(await rejection(face.connect(url as unknown as string))).toBeInstanceOf(TypeError);
      });
    }

    if (face.hasRecv) {
      it.everywhere('throws for a wrong timeout of recv, and stays usable', async () => {
        const { client } = await connectTo([ECHO]);
        const recv = (timeout: unknown): Promise<unknown> =>
          client.recv({ timeout: timeout as number });
        expect(await rejection(recv('5'))).toBeInstanceOf(TypeError);
        expect(await rejection(recv(-1))).toBeInstanceOf(RangeError);
        expect(await rejection(recv(Number.NaN))).toBeInstanceOf(RangeError);
        await client.send('still here');
        expect(await client.recv()).toBe('still here');
      });
    }
  },
  ['plain'],
);
