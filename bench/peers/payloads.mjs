/** Makes the messages that every client sends. They are the same in every language. */
import { Buffer } from 'node:buffer';

/** Most payloads that differ. It is more than any window, so that a swapped or repeated reply is noticed. */
const MAX_DISTINCT_PAYLOADS = 128;
/** Most bytes of all payloads together, so that they stay in a second-level cache as a single message would. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** The characters of texts: of one byte each, or of one to four. */
const TEXTS = /** @type {Record<string, string>} */ ({
  ascii: 'The quick brown fox jumps over the lazy dog. {"id":42,"side":"buy","price":101.25} ',
  mixed: 'Grüße aus Köln, 世界こんにちは, привет мир, €100 für 🌍🚀. ',
});
const NUMBER_DIGITS = 8;

/**
 * Returns how many different payloads are sent in turn.
 *
 * @param {number} size bytes of one
 */
export function distinctPayloads(size) {
  return Math.min(MAX_DISTINCT_PAYLOADS, Math.max(2, Math.floor(MAX_PAYLOAD_BYTES / size)));
}

/**
 * Makes binary payloads. They are cut from one pattern, in which every eight bytes begin with their number, each payload
 * eight bytes further on. So a payload begins with its sequence number, and two payloads differ in every eight bytes. Each
 * has memory of its own, since not every language can send a view.
 *
 * @param {number} size bytes
 */
export function makePayloads(size) {
  const count = distinctPayloads(size);
  const words = count + Math.ceil(size / 8);
  const pattern = Buffer.alloc(words * 8);
  for (let word = 0; word < words; word++) {
    pattern.writeUInt32LE(word, word * 8);
    pattern.writeUInt32LE(Math.imul(word + 1, 0x9e3779b1) >>> 0, word * 8 + 4);
  }
  return Array.from({ length: count }, (_, i) => {
    const payload = Buffer.from(new ArrayBuffer(size));
    pattern.copy(payload, 0, i * 8, i * 8 + size);
    return payload;
  });
}

/**
 * Makes texts. Each has a sequence number, then characters of the kind, beginning with another one than the text before,
 * then dots if the next character would be too long.
 *
 * @param {string} content ascii or mixed
 * @param {number} size bytes in UTF-8
 */
export function makeTexts(content, size) {
  const characters = [...(TEXTS[content] ?? '')];
  const lengths = characters.map((character) => Buffer.byteLength(character));
  return Array.from({ length: distinctPayloads(size) }, (_, i) => {
    const parts = [String(i).padStart(NUMBER_DIGITS, '0').slice(-size)];
    let left = size - String(parts[0]).length;
    for (let at = i % characters.length; ; at = (at + 1) % characters.length) {
      if (Number(lengths[at]) > left) break;
      left -= Number(lengths[at]);
      parts.push(String(characters[at]));
    }
    // By way of bytes: the engine would put a joined string together only at its first use, which is measured.
    return Buffer.from(parts.join('') + '.'.repeat(left)).toString();
  });
}

const SYMBOLS = ['BTC-USD', 'ETH-USD', 'SOL-USD', 'XRP-EUR', 'ADA-EUR'];

/**
 * Makes texts that are JSON: lists of records as a feed sends them, filled up with spaces at the end.
 *
 * @param {number} size bytes
 */
export function makeJson(size) {
  return Array.from({ length: distinctPayloads(size) }, (_, i) => {
    let text = '[';
    for (let n = i * 1000; ; n++) {
      const record = jsonRecord(n);
      if (text.length + record.length + 2 > size) break;
      text += text === '[' ? record : `,${record}`;
    }
    return Buffer.from(`${text.padEnd(size - 1)}]`).toString();
  });
}

/** @param {number} n */
function jsonRecord(n) {
  return JSON.stringify({
    id: n,
    symbol: SYMBOLS[n % SYMBOLS.length],
    side: n % 3 === 0 ? 'sell' : 'buy',
    price: ((n * 7919) % 1_000_000) / 100,
    amount: ((n * 104_729) % 100_000) / 1000,
    time: 1_700_000_000_000 + n * 137,
  });
}

/**
 * Makes payloads that cannot be compressed.
 *
 * @param {number} size bytes
 */
export function makeRandom(size) {
  let state = 0x9e3779b9;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  };
  return Array.from({ length: distinctPayloads(size) }, () =>
    Buffer.from(new ArrayBuffer(size)).map(next),
  );
}
