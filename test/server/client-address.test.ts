import { describe, expect, it } from 'vitest';
import { networkOf, TrustedProxies } from '../../src/server/client-address.ts';
import { parseCookies } from '../../src/server/cookies.ts';
import { isOnPath, pathOf } from '../../src/server/path-filter.ts';

const client = (
  peer: string | undefined,
  headers: Readonly<Record<string, string>>,
  ...trusted: string[]
): string | undefined =>
  new TrustedProxies(trusted).clientOf(peer, new Map(Object.entries(headers)));

describe('the address of a client behind proxies', () => {
  const xff = (value: string) => ({ 'x-forwarded-for': value });
  const forwarded = (value: string) => ({ forwarded: value });
  it.each<[string, string | undefined, Record<string, string>, string[], string | undefined]>([
    ['nobody is trusted', '10.0.0.1', xff('1.2.3.4'), [], '10.0.0.1'],
    ['the peer is not trusted', '9.9.9.9', xff('1.2.3.4'), ['10.0.0.0/8'], '9.9.9.9'],
    ['the peer is trusted', '10.0.0.1', xff('1.2.3.4'), ['10.0.0.0/8'], '1.2.3.4'],
    ['the client lies', '10.0.0.1', xff('6.6.6.6, 1.2.3.4'), ['10.0.0.0/8'], '1.2.3.4'],
    [
      'there are two proxies',
      '10.0.0.1',
      xff('6.6.6.6, 1.2.3.4, 10.0.0.2'),
      ['private'],
      '1.2.3.4',
    ],
    ['all are trusted', '10.0.0.1', xff('10.0.0.3, 10.0.0.2'), ['private'], '10.0.0.3'],
    ['an entry is no address', '10.0.0.1', xff('1.2.3.4, unknown'), ['private'], '10.0.0.1'],
    ['an entry has a port', '10.0.0.1', xff('1.2.3.4:567'), ['private'], '1.2.3.4'],
    ['an entry is IPv6 with a port', '::1', xff('[2001:db8::1]:567'), ['loopback'], '2001:db8::1'],
    ['an entry is IPv6', '127.0.0.1', xff('2001:db8::1'), ['loopback'], '2001:db8::1'],
    ['an entry is mapped', '127.0.0.1', xff('::ffff:1.2.3.4'), ['loopback'], '1.2.3.4'],
    ['the header is empty', '127.0.0.1', xff(''), ['loopback'], '127.0.0.1'],
    ['the peer is a unix socket', undefined, xff('1.2.3.4'), ['unix'], '1.2.3.4'],
    ['the unix socket is not trusted', undefined, xff('1.2.3.4'), ['loopback'], undefined],
    ['it is forwarded', '127.0.0.1', forwarded('for=1.2.3.4;proto=https'), ['loopback'], '1.2.3.4'],
    [
      'it is forwarded with quotes',
      '127.0.0.1',
      forwarded('for=6.6.6.6, proto=https; For="[2001:db8::1]:80"'),
      ['loopback'],
      '2001:db8::1',
    ],
    [
      'quotes hide separators',
      '127.0.0.1',
      forwarded('for="a,b;for=6.6.6.6", for=1.2.3.4'),
      ['loopback'],
      '1.2.3.4',
    ],
    ['it is obscured', '127.0.0.1', forwarded('for=_hidden'), ['loopback'], '127.0.0.1'],
    ['an element has no for', '127.0.0.1', forwarded('proto=https'), ['loopback'], '127.0.0.1'],
    [
      'the client has left a quote open',
      '127.0.0.1',
      forwarded('for=8.8.8.8;x=", for=203.0.113.9'),
      ['loopback'],
      '203.0.113.9',
    ],
    [
      'the client has left a quote open at once',
      '127.0.0.1',
      forwarded('for=", for=203.0.113.9;by="[::1]"'),
      ['loopback'],
      '203.0.113.9',
    ],
    ['an entry is mapped in hex', '::1', xff('::ffff:cb00:7109'), ['loopback'], '203.0.113.9'],
    ['an entry is written at length', '::1', xff('2001:0DB8:0::1'), ['loopback'], '2001:db8::1'],
    [
      'there are too many proxies',
      '127.0.0.1',
      xff('1.2.3.4,'.repeat(2) + '127.0.0.1,'.repeat(40)),
      ['loopback'],
      '127.0.0.1',
    ],
    [
      'both headers are there',
      '127.0.0.1',
      { ...xff('1.2.3.4'), ...forwarded('for=6.6.6.6') },
      ['loopback'],
      '1.2.3.4',
    ],
  ])('where %s', (_, peer, headers, trusted, expected) => {
    expect(client(peer, headers, ...trusted)).toBe(expected);
  });

  it.each(['10.0.0.0/33', '::/129', '10.0.0.0/x', '10.0.0.0/', 'example.com', ''])(
    'cannot be said to be trusted by %j',
    (name) => {
      expect(() => new TrustedProxies([name])).toThrow(TypeError);
    },
  );

  it('is found in linear time', () => {
    const long = `for="${'\\"'.repeat(30_000)}`;
    const start = performance.now();
    client('127.0.0.1', { forwarded: long }, 'loopback');
    client('127.0.0.1', { 'x-forwarded-for': '1,'.repeat(30_000) }, 'loopback');
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

it.each([
  ['1.2.3.4', '1.2.3.4'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::1.2.3.4', '64:ff9b:0:0::/64'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

it('cookies are read as browsers send them', () => {
  const cookies = parseCookies(
    'a=1; b="two words"; c=%20x%3D; bad=%zz; a=2; flag; =none; __proto__=p; empty=; q="',
  );
  expect(Object.fromEntries([...cookies].filter(([name]) => name !== '__proto__'))).toEqual({
    a: '1',
    b: 'two words',
    c: ' x=',
    bad: '%zz',
    empty: '',
    q: '"',
  });
  expect(cookies.get('__proto__')).toBe('p');
  expect(cookies.get('constructor')).toBeUndefined();
  expect(parseCookies(undefined).size).toBe(0);
});

it.each([
  ['/a/b?c#d', '/a/b'],
  ['/', '/'],
  ['http://host/x?y', '/x'],
  ['http://host', '/'],
  ['http://host?x', '/'],
  ['/%2e%2e/x', '/%2e%2e/x'],
])('the path of %s is %s', (target, path) => {
  expect(pathOf(target)).toBe(path);
});

it('a path filter that is no text decides by truth alone', () => {
  expect(isOnPath(undefined, '/x')).toBe(true);
  expect(isOnPath('/x', '/x')).toBe(true);
  expect(isOnPath('/x', '/x/')).toBe(false);
  expect(isOnPath(() => 'yes' as unknown as boolean, '/x')).toBe(false);
  const sticky = /x/y;
  sticky.lastIndex = 1;
  expect(isOnPath(sticky, 'x')).toBe(true);
});
