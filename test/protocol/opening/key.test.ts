import { describe, expect, it } from 'vitest';
import { acceptKey, isValidKey, serializeKey } from '../../../src/protocol/opening/key.ts';
import { sha1Base64 } from '../../support/endpoint.ts';
import { ACCEPT_TEXT, KEY_TEXT, NONCE } from '../../support/handshakes.ts';

describe('the handshake key', () => {
  it('is the nonce in base64 (RFC 6455 §1.3)', () => {
    expect(serializeKey(NONCE)).toBe(KEY_TEXT);
    expect(serializeKey(new Uint8Array(16).fill(0xff))).toBe('/////////////////////w==');
  });

  it('is answered as in RFC 6455 §1.3', () => {
    expect(acceptKey(KEY_TEXT, sha1Base64)).toBe(ACCEPT_TEXT);
  });

  it.each([
    KEY_TEXT,
    '/////////////////////w==',
    'AAAAAAAAAAAAAAAAAAAAAA==',
    '+/+/+/+/+/+/+/+/+/+/+g==',
  ])('may be %j: sixteen bytes in base64', (key) => expect(isValidKey(key)).toBe(true));

  it.each([
    ['empty', ''],
    ['too short', 'dGhlIHNhbXBsZSBub25j'],
    ['too long', 'dGhlIHNhbXBsZSBub25jZXM='],
    ['without padding', 'dGhlIHNhbXBsZSBub25jZQ'],
    ['with bits past the sixteenth byte', 'dGhlIHNhbXBsZSBub25jZR=='],
    ['with a character outside base64', 'dGhlIHNhbXBsZSBub25j_Q=='],
    ['two keys', `${KEY_TEXT}, ${KEY_TEXT}`],
    ['with a line end', `${KEY_TEXT}\n`],
  ])('may not be %s', (_, key) => expect(isValidKey(key)).toBe(false));
});
