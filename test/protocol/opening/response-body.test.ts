import { describe, expect, it } from 'vitest';
import { MAX_BODY_SIZE, ResponseBody } from '../../../src/protocol/opening/response-body.ts';
import { latin1 } from '../../support/handshakes.ts';

const CHUNKED = { 'transfer-encoding': 'chunked' };

/** Reads a body in pieces of `size` bytes. */
function read(headers: Record<string, string>, text: string, size = text.length, status = 403) {
  const body = new ResponseBody(status, new Map(Object.entries(headers)));
  const bytes = latin1(text);
  let next = 0;
  while (next < bytes.length && !body.isComplete) {
    const end = Math.min(next + size, bytes.length);
    const came = body.push(bytes, next, end);
    if (!body.isComplete) expect(came).toBe(end);
    next = came;
  }
  return { text: Buffer.from(body.bytes).toString('latin1'), isComplete: body.isComplete, next };
}

describe('ResponseBody', () => {
  it('reads as many bytes as Content-Length says, in pieces of every size', () => {
    for (let size = 1; size <= 12; size++) {
      expect(read({ 'content-length': '9' }, 'forbidden, and more', size)).toEqual({
        text: 'forbidden',
        isComplete: true,
        next: 9,
      });
    }
    expect(read({ 'content-length': '9' }, 'forb').isComplete).toBe(false);
  });

  it.each([100, 199, 204, 304])(
    'knows that a response with %i has no body (RFC 9112 §6.3)',
    (status) => {
      expect(read({ 'content-length': '9' }, 'x', 1, status)).toMatchObject({
        isComplete: true,
        next: 0,
      });
      expect(read(CHUNKED, 'x', 1, status)).toMatchObject({ isComplete: true, next: 0 });
    },
  );

  it('is complete at once if the length is 0', () => {
    expect(read({ 'content-length': '0' }, 'x')).toMatchObject({ isComplete: true, next: 0 });
  });

  it.each(['', '-1', '1e3', '0x10', '5, 5', '9'.repeat(16), 'many', '+5'])(
    'reads up to the end of the connection where Content-Length is %j',
    (length) => {
      expect(read({ 'content-length': length }, 'all of it')).toEqual({
        text: 'all of it',
        isComplete: false,
        next: 9,
      });
    },
  );

  it('reads up to the end of the connection if no length is given', () => {
    expect(read({}, 'all of it', 2)).toMatchObject({ text: 'all of it', isComplete: false });
  });

  it('reads chunks, in pieces of every size', () => {
    const text =
      '4\r\nWiki\r\nB;name="value"\r\npedia in \r\n\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n';
    for (let size = 1; size <= text.length; size++) {
      expect(read(CHUNKED, `${text}Trailer: x\r\n\r\n`, size), `pieces of ${size}`).toEqual({
        text: 'Wikipedia in \r\nabcdefghijklmnopqrstuvwxyz',
        isComplete: true,
        next: text.length,
      });
    }
  });

  it('reads chunks only if they are the last coding, whatever the length says then', () => {
    const text = '2\r\nab\r\n0\r\n';
    expect(read({ 'transfer-encoding': 'gzip, Chunked', 'content-length': '3' }, text).text).toBe(
      'ab',
    );
    expect(
      read({ 'transfer-encoding': 'chunked, gzip', 'content-length': '3' }, text),
    ).toMatchObject({
      text,
      isComplete: false,
    });
  });

  it.each(['zz\r\n', '\r\n', '-5\r\nabcde', '123456789\r\nabc', ';x\r\n', '\n'])(
    'ends with the bytes that have arrived if a chunk begins with %j',
    (text) => {
      const read1 = read(CHUNKED, `2\r\nab\r\n${text}`, 1);
      expect(read1).toMatchObject({ text: 'ab', isComplete: true });
      expect(read(CHUNKED, `2\r\nab\r\n${text}`)).toEqual(read1);
    },
  );

  it('ends with the bytes that have arrived if the line before a chunk does not end', () => {
    for (const size of [1, 1000]) {
      const { isComplete, next } = read(CHUNKED, `5;${'x'.repeat(1000)}\r\nhello\r\n`, size);
      expect(isComplete).toBe(true);
      expect(next).toBe(257);
    }
  });

  it.each([
    ['of known length', { 'content-length': '100000' }],
    ['of unknown length', {}],
  ])('keeps the first 64 KiB of a body %s, and does not wait for the rest', (_, headers) => {
    for (const size of [1000, 65_536, 100_000]) {
      const { text, isComplete } = read(headers, 'x'.repeat(100_000), size);
      expect(text.length).toBe(MAX_BODY_SIZE);
      expect(isComplete).toBe(true);
    }
  });

  it('keeps the first 64 KiB of chunks', () => {
    const chunk = `8000\r\n${'x'.repeat(32_768)}\r\n`;
    expect(read(CHUNKED, chunk.repeat(4), 999)).toMatchObject({
      text: 'x'.repeat(MAX_BODY_SIZE),
      isComplete: true,
    });
    // Even the largest size that a chunk can declare takes no memory.
    expect(read(CHUNKED, 'ffffffff\r\nabc')).toMatchObject({ text: 'abc', isComplete: false });
  });
});
