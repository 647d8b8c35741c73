/** One header of each name, and one rule for what is in it: a header, then an option, then the URL. */
import { expect } from 'vitest';
import { ECHO, type Seen } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

/** The values of a header in the request that the peer received. */
function header(seen: Seen, name: string): string[] {
  return seen.request.headers
    .filter(([field]) => field.toLowerCase() === name)
    .map(([, value]) => value);
}

const basic = (credentials: string): string =>
  `Basic ${Buffer.from(credentials).toString('base64')}`;

contract(
  'headers of the request',
  ({ connect, script, face, it }) => {
    /** Connects, with credentials in the URL if they are given, and returns what the peer saw. */
    async function request(options: object, credentials = ''): Promise<Seen> {
      const target = script([]);
      const client = await connect(target.url.replace('://', `://${credentials}`), options);
      await client.close();
      return target.seen();
    }

    it("take Authorization from the caller's headers before auth, and auth before the URL", async () => {
      const auth = { username: 'option', password: 'b' };
      for (const name of ['Authorization', 'authorization', 'AUTHORIZATION']) {
        const seen = await request({ headers: { [name]: 'Bearer x' }, auth }, 'url:c@');
        expect(header(seen, 'authorization')).toEqual(['Bearer x']);
      }
      expect(header(await request({ auth }, 'url:c@'), 'authorization')).toEqual([
        basic('option:b'),
      ]);
      expect(header(await request({}, 'url:c@'), 'authorization')).toEqual([basic('url:c')]);
      const unset = { headers: { Authorization: '' }, auth };
      expect(header(await request(unset), 'authorization')).toEqual(['']);
    });

    it("take Origin from the caller's headers before the option", async () => {
      for (const headers of [{ Origin: 'https://a.example' }, [['oRIGIN', 'https://a.example']]]) {
        const seen = await request({ headers, origin: 'https://b.example' });
        expect(header(seen, 'origin')).toEqual(['https://a.example']);
      }
    });

    it("take Host from the caller's headers before the URL", async () => {
      expect(header(await request({ headers: { hOST: 'a.example' } }), 'host')).toEqual([
        'a.example',
      ]);
    });

    it('send several cookies in one header (RFC 6265 §5.4)', async () => {
      for (const headers of [
        { Cookie: ['a=1', 'b=2'] },
        { Cookie: 'a=1', cookie: 'b=2' },
        [
          ['Cookie', 'a=1'],
          ['COOKIE', 'b=2'],
        ],
      ]) {
        expect(header(await request({ headers }), 'cookie')).toEqual(['a=1; b=2']);
      }
    });

    it.everywhere('send a header as often as it is given where HTTP allows that', async () => {
      const seen = await request({ headers: { Via: ['1.1 a', '1.1 b'], 'X-Any': ['1', '2'] } });
      expect(header(seen, 'via')).toEqual(['1.1 a', '1.1 b']);
      expect(header(seen, 'x-any')).toEqual(['1', '2']);
    });

    for (const name of ['Host', 'Origin', 'Authorization', 'User-Agent', 'Referer', 'From']) {
      it(`refuse ${name} given twice, in whatever way, and connect nowhere`, async () => {
        const target = script([ECHO]);
        for (const headers of [
          { [name]: ['a', 'b'] },
          { [name]: 'a', [name.toLowerCase()]: 'a' },
          [
            [name, 'a'],
            [name.toUpperCase(), 'b'],
          ],
        ]) {
          const error = await rejection(connect(target, { headers }));
          expect(error).toBeInstanceOf(TypeError);
          expect(error.message).toMatch(/is given twice; HTTP allows it once/);
        }
        expect(await target.seenSoFar()).toBeUndefined();
      });
    }

    for (const headers of [[['a']], ['ab'], [5], ['Name', 'value'], [['a', 'b', 'c']]]) {
      it(`refuse ${JSON.stringify(headers)}, which are no pairs`, async () => {
        const error = await rejection(connect(script([]), { headers }));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(/headers' must be an object, or pairs/);
      });
    }

    it("refuse a colon or a control character in the URL's credentials (RFC 7617 §2)", async () => {
      for (const credentials of ['a%3Ab:secret@', 'a%0A:secret@', 'a:secret%00@', '%7f@']) {
        const target = script([ECHO]);
        const error = await rejection(connect(target.url.replace('://', `://${credentials}`)));
        expect(error).toBeInstanceOf(face.errors.InvalidUrlError);
        expect(error).toMatchObject({ phase: 'url', url: target.url });
        expect(error.message).toMatch(/RFC 7617/);
        expect(error.message).not.toContain('secret');
        expect(await target.seenSoFar()).toBeUndefined();
      }
    });

    it('refuse control characters in the credentials of the option auth', async () => {
      for (const auth of [
        { username: 'a\n', password: 'b' },
        { username: 'a', password: 'b\0' },
      ]) {
        const error = await rejection(connect(script([]), { auth }));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(/control characters/);
      }
    });

    it('never show a secret of the wrong kind, or in the wrong place', async () => {
      for (const options of [
        { auth: 'user:secret' },
        { auth: { username: 'user', password: 5_411_123 } },
        { auth: { username: 5_411_123, password: 'secret' } },
        { auth: { username: 'a:b', password: 'secret' } },
        { headers: 'Authorization: Bearer secret' },
        { headers: { Authorization: 5_411_123 } },
        { headers: { Authorization: 'Bearer secret\n' } },
        { headers: ['Authorization: Bearer secret'] },
        { tls: '-----BEGIN PRIVATE KEY----- secret' },
        'secret',
        ['secret'],
      ]) {
        const error = await rejection(face.connect(script([]).url, options));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).not.toMatch(/secret|5411123/);
      }
    });
  },
  ['plain'],
);
