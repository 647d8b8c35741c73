// Arbitraries for heads of HTTP messages: right, nearly right and wrong ones.
import fc from 'fast-check';
import { toHex } from './bytes.mjs';
import { withDamage } from './frames.mjs';
import { ACCEPT, KEY } from './watched-session.mjs';

const SPACES = ['', ' ', '  ', '\t', ' \t '];
const LINE_ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\n ', ''];
const NAMES = ['constructor', '__proto__', 'X-Any', 'Origin', 'Cookie', 'Host', 'Date', ''];

/** Values that are nearly right. */
const VALUES = {
  Host: ['server.example.com', 'a:80', '', 'a, b', '[::1]:80', 'a b'],
  Upgrade: [
    'websocket',
    'WebSocket',
    'websocket, h2c',
    'h2c, websocket',
    'websockets',
    '',
    'WEBſOCKET',
  ],
  Connection: ['Upgrade', 'upgrade', 'keep-alive, Upgrade', 'Upgrade,', 'close', '', 'upgrade-not'],
  'Sec-WebSocket-Key': [
    KEY,
    'AAAAAAAAAAAAAAAAAAAAAA==',
    `${KEY}=`,
    KEY.slice(1),
    `${KEY}, ${KEY}`,
    '',
  ],
  'Sec-WebSocket-Version': [
    '13',
    '8',
    '7',
    '0',
    '013',
    '13, 8',
    '8, 13',
    '+13',
    '13.0',
    '1',
    '255',
    '',
  ],
  'Sec-WebSocket-Accept': [
    ACCEPT,
    ACCEPT.toLowerCase(),
    ACCEPT.slice(1),
    `${ACCEPT}, ${ACCEPT}`,
    '',
  ],
  'Content-Length': ['0', '5', '00', '-1', '+0', '0, 0', '18446744073709551616', 'x', ''],
  'Transfer-Encoding': ['chunked', 'identity', 'gzip, chunked', ''],
};
const TOKENS = ['chat', 'b', 'constructor', '__proto__', 'c!#$%&', 'a b', 'a/b', '"q"', 'é', ''];
const PARAMETERS = [
  'client_max_window_bits',
  'client_max_window_bits=15',
  'server_max_window_bits=8',
  'server_max_window_bits="10"',
  'server_max_window_bits=7',
  'server_max_window_bits=16',
  'server_max_window_bits=015',
  'server_max_window_bits=',
  'server_no_context_takeover',
  'client_no_context_takeover',
  'client_no_context_takeover=1',
  'constructor',
  'x="a\\"b,c;d"',
  'x="open',
  '=',
  '',
];
const EXTENSIONS = [
  'permessage-deflate',
  'Permessage-Deflate',
  'x-webkit-deflate-frame',
  'b',
  '',
  '__proto__',
];

const list = (items, separators, maxLength) =>
  fc
    .array(fc.tuple(items, fc.constantFrom(...separators)), { maxLength })
    .map((pairs) => pairs.flatMap(([item, separator], i) => (i === 0 ? [item] : [separator, item])))
    .map((parts) => parts.join(''));

const SEPARATORS = [', ', ',', ' , ', ',,', '\t,', ';'];

/** The value of a `Sec-WebSocket-Protocol` header. */
const protocolList = list(fc.constantFrom(...TOKENS), SEPARATORS, 5);
/** The value of a `Sec-WebSocket-Extensions` header. */
const extensionList = list(
  fc
    .tuple(
      fc.constantFrom(...EXTENSIONS, EXTENSIONS[0], EXTENSIONS[0]),
      list(fc.constantFrom(...PARAMETERS), ['; ', ';', ' ;', ','], 4),
    )
    .map(([name, parameters]) => (parameters === '' ? name : `${name}; ${parameters}`)),
  SEPARATORS,
  3,
);

const anyValue = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 8,
  }),
);

function valueFor(name) {
  if (name === 'Sec-WebSocket-Protocol') return protocolList;
  if (name === 'Sec-WebSocket-Extensions') return extensionList;
  if (!Object.hasOwn(VALUES, name)) return anyValue;
  return fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...VALUES[name]) },
    { weight: 1, arbitrary: anyValue },
  );
}

const letterCase = fc.constantFrom(
  (name) => name,
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
);

/** A header line in all its variations. */
const line = (names) =>
  fc.constantFrom(...names).chain((name) =>
    fc
      .tuple(
        letterCase,
        valueFor(name),
        fc.constantFrom(...SPACES),
        fc.constantFrom(...SPACES),
        fc.constantFrom(...LINE_ENDS),
        fc.nat(40),
      )
      .map(([cased, value, before, after, end, odd]) => {
        const space = odd === 0 ? ' ' : '';
        return `${cased(name)}${space}:${before}${value}${after}${end}`;
      }),
  );

/** The lines of a right head. A few are left out, doubled or changed, and others are mixed in. */
const headLines = (right, optional) =>
  fc
    .tuple(
      fc.constant(right),
      fc.array(
        fc.tuple(
          fc.nat(right.length - 1),
          fc.constantFrom('drop', 'double', 'vary'),
          line(right.map(([name]) => name)),
        ),
        { maxLength: 2 },
      ),
      fc.array(line([...optional, ...NAMES]), { maxLength: 4 }),
      fc.nat(),
    )
    .map(([lines, changed, others, at]) => {
      const all = lines.map(([name, value]) => `${name}: ${value}\r\n`);
      for (const [index, kind, varied] of changed) {
        if (kind === 'drop') all[index] = '';
        else if (kind === 'double') all[index] += all[index];
        else all[index] = varied;
      }
      all.splice(at % (all.length + 1), 0, ...others);
      return all.join('');
    });

const REQUEST_LINES = [
  'GET / HTTP/1.1',
  'GET /chat?a=b HTTP/1.1',
  'GET http://a/ HTTP/1.1',
  'GET * HTTP/1.1',
  'get / HTTP/1.1',
  'POST / HTTP/1.1',
  'GET / HTTP/1.0',
  'GET / HTTP/2.0',
  'GET / HTTP/1.2',
  'GET  / HTTP/1.1',
  'GET /\u00e9 HTTP/1.1',
  'GET / http/1.1',
  'GET /',
  '',
];
const STATUS_LINES = [
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 101',
  'HTTP/1.1 101 ',
  'HTTP/1.0 101 Switching Protocols',
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 103 Early Hints',
  'HTTP/1.1 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 302 Found',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 1010 ?',
  'HTTP/2 101 Switching Protocols',
  'http/1.1 101 Switching Protocols',
  '',
];

const mostlyFirst = (items) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(items[0]) },
    { weight: 1, arbitrary: fc.constantFrom(...items) },
  );

/** A request to upgrade, in hexadecimal, more often right than not. */
export const requestHead = withDamage(
  fc
    .tuple(
      mostlyFirst(REQUEST_LINES),
      headLines(
        [
          ['Host', 'server.example.com'],
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
          ['Sec-WebSocket-Key', KEY],
          ['Sec-WebSocket-Version', '13'],
        ],
        [
          'Sec-WebSocket-Protocol',
          'Sec-WebSocket-Extensions',
          'Content-Length',
          'Transfer-Encoding',
        ],
      ),
    )
    .map(([start, lines]) => Buffer.from(`${start}\r\n${lines}\r\n`, 'latin1')),
).map((bytes) => toHex(bytes));

const responseTo = (starts) =>
  fc
    .tuple(
      starts,
      headLines(
        [
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
          ['Sec-WebSocket-Accept', ACCEPT],
        ],
        [
          'Sec-WebSocket-Protocol',
          'Sec-WebSocket-Extensions',
          'Content-Length',
          'Transfer-Encoding',
        ],
      ),
    )
    .map(([start, lines]) => `${start}\r\n${lines}\r\n`);

/** A response, in hexadecimal, sometimes after interim ones, more often right than not. */
export const responseHead = withDamage(
  fc
    .tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constant([]) },
        {
          weight: 1,
          arbitrary: fc.array(responseTo(fc.constantFrom(STATUS_LINES[4], STATUS_LINES[5])), {
            maxLength: 10,
          }),
        },
      ),
      responseTo(mostlyFirst(STATUS_LINES)),
    )
    .map(([interim, last]) => Buffer.from([...interim, last].join(''), 'latin1')),
).map((bytes) => toHex(bytes));

const BODY_PIECES = [
  '',
  '5\r\n',
  'hello',
  '\r\n',
  '0\r\n\r\n',
  'ffffffff\r\n',
  '1;x=y\r\n',
  'FFFFFFFFFF\r\n',
  '-1\r\n',
  '\n',
];

/** Bytes that may follow a response that refuses, in hexadecimal. */
export const responseBody = fc.oneof(
  fc
    .array(fc.constantFrom(...BODY_PIECES), { maxLength: 8 })
    .map((parts) => toHex(Buffer.from(parts.join('')))),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => toHex(bytes)),
);
