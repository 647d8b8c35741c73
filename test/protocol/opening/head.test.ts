import { describe, expect, it } from 'vitest';
import {
  HeadCollector,
  HeadError,
  MAX_HEAD_SIZE,
  MAX_HEADERS,
  parseHead,
  parseList,
  rawHeaders,
  type StartLine,
  serializeHead,
} from '../../../src/protocol/opening/head.ts';
import { head, latin1 } from '../../support/handshakes.ts';

/** The start line of these tests' heads. */
const START: StartLine = {
  mayBegin: (text) => 'GET '.startsWith(text.slice(0, 4)),
  pattern: /^GET \/x* HTTP\/1.1$/,
  explain: (text) => `not ${text}`,
};

/** Parses a head that is given line by line. */
function parse(...lines: readonly string[]) {
  return parseHead(latin1(lines.join('\r\n')));
}

function errorOf(action: () => unknown): HeadError {
  try {
    action();
  } catch (error) {
    if (error instanceof HeadError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('HeadCollector', () => {
  const bytes = head('GET / HTTP/1.1', { Host: 'a', Upgrade: 'websocket' });

  it('finds the end of a head in pieces of every size, and takes nothing after it', () => {
    const stream = latin1(`${Buffer.from(bytes).toString('latin1')}more`);
    for (let size = 1; size <= stream.length; size++) {
      const collector = new HeadCollector(START);
      let next = 0;
      while (!collector.isComplete) {
        next = collector.push(stream, next, Math.min(next + size, stream.length));
      }
      expect(next, `pieces of ${size}`).toBe(bytes.length);
      expect(collector.bytes).toEqual(bytes.subarray(0, -4));
    }
  });

  it('keeps the pieces of a head, although each is read into the same memory', () => {
    const memory = new Uint8Array(bytes.length);
    const collector = new HeadCollector(START);
    for (let from = 0; from < bytes.length; from += 10) {
      const piece = bytes.subarray(from, from + 10);
      memory.fill(0x78);
      memory.set(piece, 1);
      collector.push(memory, 1, 1 + piece.length);
    }
    expect(collector.bytes).toEqual(bytes.subarray(0, -4));
  });

  it('says whether any byte has arrived', () => {
    const collector = new HeadCollector(START);
    expect(collector.isEmpty).toBe(true);
    collector.push(bytes, 0, 1);
    expect(collector.isEmpty).toBe(false);
    expect(collector.isComplete).toBe(false);
  });

  it.each(['\n\n', '\r\n\n', '\n\r\n', '\r\r\n\n', '\r\n\r\r\n'])(
    'takes %j for no empty line',
    (ending) => {
      const collector = new HeadCollector(START);
      const text = latin1(`GET / HTTP/1.1\r\nA: b${ending}`);
      expect(collector.push(text, 0, text.length)).toBe(text.length);
      expect(collector.isComplete).toBe(false);
    },
  );

  it.each([1, 7, 1024, MAX_HEAD_SIZE])(
    'takes a head of 16 KiB and no more, %i bytes at once',
    (size) => {
      for (const [length, isRight] of [
        [MAX_HEAD_SIZE, true],
        [MAX_HEAD_SIZE + 1, false],
      ] as const) {
        const large = latin1('GET / HTTP/1.1\r\nA: '.padEnd(length - 4, 'x').concat('\r\n\r\n'));
        const collector = new HeadCollector(START);
        const push = () => {
          let next = 0;
          while (next < large.length) {
            next = collector.push(large, next, Math.min(next + size, large.length));
          }
        };
        if (isRight) push();
        else expect(errorOf(push).isTooLarge).toBe(true);
        expect(collector.isComplete).toBe(isRight);
      }
    },
  );

  it('gives up on an endless head whose pieces are large', () => {
    const endless = latin1(`GET /${'x'.repeat(1_000_000)}`);
    expect(
      errorOf(() => new HeadCollector(START).push(endless, 0, endless.length)).isTooLarge,
    ).toBe(true);
  });

  it.each([
    ['P', 1],
    ['GEX / HTTP/1.1\r\nA: b\r\n\r\n', 3],
    ['GET / HTTP/1.0\r\nA: b\r\n\r\n', 16],
    ['GET / HTTP/1.1\nA: b\r\n\r\n', 15],
    ['\r\nGET / HTTP/1.1\r\n\r\n', 1],
    [`GET /${'x'.repeat(100)} HTTP/1.0\r\n`, 116],
  ])('gives up on %j at the first byte that tells', (text, telling) => {
    const bytes = latin1(text);
    const error = errorOf(() => new HeadCollector(START).push(bytes, 0, bytes.length));
    expect(error.message).toBe(`not ${text.split(/\r?\n/)[0]}`);
    const collector = new HeadCollector(START);
    for (let next = 0; next < telling - 1; next++) collector.push(bytes, next, next + 1);
    expect(errorOf(() => collector.push(bytes, telling - 1, telling)).isTooLarge).toBe(false);
  });
});

describe('parseHead', () => {
  it('reads the start line, and headers by name in lower case', () => {
    const { startLine, headers } = parse('HTTP/1.1 200 OK', 'Host: example.com', 'X-A:1', 'x-B: ');
    expect(startLine).toBe('HTTP/1.1 200 OK');
    expect([...headers]).toEqual([
      ['host', 'example.com'],
      ['x-a', '1'],
      ['x-b', ''],
    ]);
  });

  it('reads a head without headers', () => {
    expect(parse('GET / HTTP/1.1').headers.size).toBe(0);
  });

  it('removes white space around a value, and none inside it', () => {
    expect(parse('', 'A: \t  b \t c\t ').headers.get('a')).toBe('b \t c');
    expect(parse('', 'A:  \t ').headers.get('a')).toBe('');
  });

  it('joins the values of a repeated header', () => {
    expect(parse('', 'A: 1', 'B: x', 'a: 2', 'A:').headers.get('a')).toBe('1, 2, ');
  });

  it('keeps colons in a value, and every character of Latin-1', () => {
    expect(parse('', 'Host: [::1]:80').headers.get('host')).toBe('[::1]:80');
    expect(parse('', 'X: \x80é\xff').headers.get('x')).toBe('\x80é\xff');
  });

  it('takes names that mean something to JavaScript as plain names', () => {
    const { headers } = parse('', '__proto__: a', 'constructor: b', 'toString: c', '__proto__: d');
    expect(headers.get('__proto__')).toBe('a, d');
    expect(headers.get('constructor')).toBe('b');
    expect(headers.get('tostring')).toBe('c');
    expect(headers.get('hasownproperty')).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each([
    ['no colon', 'Host'],
    ['an empty name', ': value'],
    ['white space before the colon (RFC 9112 §5.1)', 'Host : a'],
    ['a folded line (RFC 9112 §5.2)', ' folded: x'],
    ['a character outside ASCII in a name', 'H\xf6st: a'],
    ['a quote in a name', 'H"st: a'],
    ['an empty line', ''],
  ])('refuses a line with %s', (_, line) => {
    const error = errorOf(() => parse('GET / HTTP/1.1', 'A: b', line, 'C: d'));
    expect(error.message).toContain('header line 2');
    expect(error.header).toBeUndefined();
  });

  it.each(['\0', '\r', '\n', '\x07', '\x1f', '\x7f'])('refuses %j in a value', (character) => {
    expect(errorOf(() => parse('', `X-A: a${character}b`)).header).toBe('x-a');
  });

  it("refuses characters outside ASCII in the handshake's own headers", () => {
    for (const unit of [0x80, 0xa0, 0xe9, 0xff]) {
      for (const name of ['Protocol', 'Extensions', 'Key', 'Accept', 'Version']) {
        const line = `Sec-WebSocket-${name}: a${String.fromCharCode(unit)}`;
        expect(errorOf(() => parse('', line)).header).toBe(`sec-websocket-${name.toLowerCase()}`);
      }
    }
  });

  it('takes 128 headers and no more', () => {
    const lines = Array.from({ length: MAX_HEADERS }, (_, i) => `H${i}: ${i}`);
    expect(parse('', ...lines).headers.size).toBe(128);
    expect(errorOf(() => parse('', ...lines, 'A: b')).isTooLarge).toBe(true);
    expect(errorOf(() => parse('', ...Array.from({ length: 2000 }, () => 'A:'))).isTooLarge).toBe(
      true,
    );
  });

  it.each([
    ['blanks', `A:${' '.repeat(16_000)}x`],
    ['blanks at the end', `A: x${' \t'.repeat(8000)}`],
    ['blanks between', `A: ${'x '.repeat(8000)}`],
    ['commas', `A: ${','.repeat(16_000)}`],
    ['quotes', `A: ${'"\\'.repeat(8000)}`],
    ['colons', `A${':'.repeat(16_000)}`],
    ['a name without an end', 'A'.repeat(16_000)],
  ])('needs time in proportion to 16 KB of %s', (_, line) => {
    // A quadratic parser would need minutes for these, far beyond the test's own limit.
    for (let i = 0; i < 200; i++) {
      try {
        parseList(parse('', line).headers.get('a'));
      } catch (error) {
        expect(error).toBeInstanceOf(HeadError);
      }
    }
  });
});

describe('parseList', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    [' a ,\tb ', ['a', 'b']],
    [', ,a,, b,', ['a', 'b']],
    ['__proto__, constructor', ['__proto__', 'constructor']],
  ])('splits %j', (value, items) => expect(parseList(value)).toEqual(items));
});

describe('rawHeaders', () => {
  it('has names and values in turn, as they were sent', () => {
    expect(rawHeaders('GET / HTTP/1.1\r\nHost: [::1]:80\r\nX-a:1\r\nx-A: \t 2 ')).toEqual([
      'Host',
      '[::1]:80',
      'X-a',
      '1',
      'x-A',
      '2',
    ]);
    expect(rawHeaders('GET / HTTP/1.1')).toEqual([]);
  });
});

describe('serializeHead', () => {
  it('writes what parseHead reads', () => {
    const bytes = serializeHead('HTTP/1.1 200 OK', [
      ['Host', 'a'],
      ['X-Name', 'é'],
    ]);
    expect(Buffer.from(bytes).toString('latin1')).toBe(
      'HTTP/1.1 200 OK\r\nHost: a\r\nX-Name: é\r\n\r\n',
    );
  });
});
