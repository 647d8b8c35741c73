import { describe, expect, it } from 'vitest';
import { parseRequestTarget } from '../../../src/protocol/opening/request-target.ts';

describe('parseRequestTarget', () => {
  it.each(['/', '/chat', '/a%20b?c=d&e', '//two/slashes', '/?q=http://x/'])(
    'takes the path %s as it is',
    (target) => {
      expect(parseRequestTarget(target, 'example.com:80')).toEqual({
        target,
        host: 'example.com:80',
      });
    },
  );

  it.each([
    ['http://other.example/chat?x=1', '/chat?x=1', 'other.example'],
    ['HTTPS://other.example:8443/', '/', 'other.example:8443'],
    ['http://other.example', '/', 'other.example'],
    ['http://other.example?x', '/?x', 'other.example'],
    ['http://[::1]:80/chat', '/chat', '[::1]:80'],
  ])('reads path and host from %s (RFC 9112 §3.2.2)', (absolute, target, host) => {
    expect(parseRequestTarget(absolute, 'example.com')).toEqual({ target, host });
  });

  it.each([
    '*',
    'chat',
    'example.com:80',
    '/chat#part',
    'ftp://example.com/',
    'http:///chat',
    'http://user@example.com/',
    'http://a,b/',
    'http://example.com/#part',
  ])('refuses the target %s', (target) => {
    expect(parseRequestTarget(target, 'example.com')).toBeUndefined();
  });

  it.each(['example.com', 'a-b.example:', '127.0.0.1:9001', '[::ffff:127.0.0.1]:1', 'x_y'])(
    'takes the host %s',
    (host) => {
      expect(parseRequestTarget('/', host)?.host).toBe(host);
    },
  );

  it.each([
    undefined,
    '',
    ':80',
    'a, b',
    'a b',
    'a/b',
    'user@a',
    'a:b',
    'a:80:80',
    'a?b',
    '[::1',
    'http://a',
    'é.example',
  ])('refuses the host %s', (host) => {
    expect(parseRequestTarget('/', host)).toBeUndefined();
  });

  it('takes time in proportion to the length, whatever the value', () => {
    const since = performance.now();
    for (const value of ['a'.repeat(65_536), ':'.repeat(65_536), `[${':'.repeat(65_536)}`]) {
      parseRequestTarget('/', value);
      parseRequestTarget(`http://${value}`, 'a');
      parseRequestTarget(value, 'a');
    }
    expect(performance.now() - since).toBeLessThan(500);
  });
});
