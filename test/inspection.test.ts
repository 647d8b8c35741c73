import { describe, expect, it } from 'vitest';
import {
  headersWithoutSecrets,
  protocolsWithoutSecrets,
  withoutSecrets,
} from '../src/inspection.ts';

describe('what is shown', () => {
  it.each([
    ['ws://h/', 'ws://h/'],
    ['ws://h/?a=b&c', 'ws://h/?a=b&c'],
    ['ws://h/p?token=x', 'ws://h/p?token=<hidden>'],
    ['ws://h/?a=b&access_token=x&c=d', 'ws://h/?a=b&access_token=<hidden>&c=d'],
    ['/?API-Key=x=y', '/?API-Key=<hidden>'],
    ['/?token', '/?token'],
    ['/?token=', '/?token=<hidden>'],
    ['/token=x', '/token=x'],
    ['https://me:x@h/?token=x', 'https://h/?token=<hidden>'],
    ['//me@h/a@b', '//h/a@b'],
  ])('of the URL %j is %j', (url, expected) => {
    expect(withoutSecrets(url)).toBe(expected);
  });

  it('of a URL is found in time in proportion to its length', () => {
    const since = performance.now();
    for (const piece of ['?', '&', '=', '?a', '&a=', '/', '//a', '//@'])
      withoutSecrets(piece.repeat(100_000));
    expect(performance.now() - since).toBeLessThan(1000);
  });

  it('of headers hides the values that are secret', () => {
    const names = [
      'authorization',
      'proxy-authorization',
      'cookie',
      'set-cookie',
      'x-api-key',
      'x-auth-token',
      'x-session-id',
      'sec-websocket-key',
    ];
    const headers = headersWithoutSecrets(new Map(names.map((name) => [name, 'secret'])));
    expect([...headers.keys()]).toEqual(names);
    expect([...headers.values()].every((value) => value === '<hidden>')).toBe(true);
    const others = new Map([
      ['host', 'a'],
      ['www-authenticate', 'Basic'],
      ['location', '/login?next=/'],
      ['sec-websocket-protocol', 'chat'],
    ]);
    expect(headersWithoutSecrets(others)).toEqual(others);
    const redirect = new Map([['location', 'https://me:x@h/?token=x']]);
    expect(headersWithoutSecrets(redirect).get('location')).toBe('https://h/?token=<hidden>');
  });

  it('of subprotocols hides those that a token is among', () => {
    expect(protocolsWithoutSecrets(['chat', 'v2'])).toEqual(['chat', 'v2']);
    expect(protocolsWithoutSecrets(['access_token', 'eyJ'])).toBe('<hidden>');
    const header = new Map([['sec-websocket-protocol', 'access_token, eyJ']]);
    expect(headersWithoutSecrets(header).get('sec-websocket-protocol')).toBe('<hidden>');
  });
});
