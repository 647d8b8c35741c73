/**
 * The zlib codecs against zlib's own one-shot calls.
 */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ZlibDeflater, ZlibInflater } from '../../../src/transport/compression/compression.ts';
import { patternBytes } from '../../support/peer/pattern.mjs';

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const SIZES = [0, 1, 2, 100, 1000, 65_535, 65_536, 300_000];
const KEEPS = { noContextTakeover: false, windowBits: 15 };
const FORGETS = { noContextTakeover: true, windowBits: 15 };

/** Compresses a message as RFC 7692 §7.2.1 says, by zlib's one-shot call. */
function deflated(message: Uint8Array, windowBits = 15): Buffer {
  const bytes = deflateRawSync(message, { windowBits, finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, bytes.length - 4);
}

/** Decompresses messages by zlib's one-shot call. */
function inflated(...messages: readonly Uint8Array[]): Buffer {
  const all = messages.flatMap((message) => [message, TAIL]);
  return inflateRawSync(Buffer.concat(all), { finishFlush: constants.Z_SYNC_FLUSH });
}

/** Gives a message to an inflater in pieces, and reads it with little room at a time. */
function inflate(inflater: ZlibInflater, message: Uint8Array, piece = 7, room = 1000): Buffer {
  const parts: Buffer[] = [];
  const whole = Buffer.concat([message, TAIL]);
  for (let at = 0; at < whole.length; at += piece) {
    inflater.push(whole, at, Math.min(whole.length, at + piece));
    for (let isFull = true; isFull; ) {
      const bytes = Buffer.alloc(room + 8);
      const end = inflater.read(bytes, 4, room + 4);
      if (end < 0) throw new Error('bad data');
      parts.push(bytes.subarray(4, end));
      isFull = end === room + 4;
    }
  }
  inflater.endMessage();
  return Buffer.concat(parts);
}

function deflater(parameters = KEEPS, level = -1, memLevel = 8): ZlibDeflater {
  return new ZlibDeflater(parameters, level, memLevel);
}

describe('the deflater', () => {
  for (const [name, parameters] of [
    ['keeping its history', KEEPS],
    ['forgetting its history', FORGETS],
  ] as const) {
    it(`writes what zlib can read, ${name}`, () => {
      const codec = deflater(parameters);
      const messages = SIZES.map((size) => patternBytes(size));
      const results = messages.map((message) => Buffer.from(codec.deflate(message, true)));
      if (parameters.noContextTakeover) {
        for (const [i, result] of results.entries()) {
          expect(Buffer.compare(inflated(result), messages[i] as Buffer)).toBe(0);
        }
      } else {
        expect(Buffer.compare(inflated(...results), Buffer.concat(messages))).toBe(0);
      }
      codec.release();
    });
  }

  it('makes a repeated message short if it keeps its history, and not otherwise', () => {
    const message = Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * i * 31) & 0xff));
    const again = (codec: ZlibDeflater): number => {
      codec.deflate(message, true);
      const { length } = codec.deflate(message, true);
      codec.release();
      return length;
    };
    expect(again(deflater(KEEPS))).toBeLessThan(100);
    expect(again(deflater(FORGETS))).toBe(deflated(message).length);
  });

  it('makes one zero byte of an empty message, also after other messages (RFC 7692 §7.2.3.6)', () => {
    const codec = deflater();
    expect([...codec.deflate(new Uint8Array(0), true)]).toEqual([0]);
    codec.deflate(Buffer.from('x'), true);
    expect([...codec.deflate(new Uint8Array(0), true)]).toEqual([0]);
    codec.release();
  });

  it('compresses fragments that together make one message', () => {
    const codec = deflater();
    const pieces = ['one', '', ' two', ' three', ''].map((text) => Buffer.from(text));
    const results = pieces.map((piece, i) =>
      Buffer.from(codec.deflate(piece, i === pieces.length - 1)),
    );
    expect(inflated(Buffer.concat(results)).toString()).toBe('one two three');
    codec.release();
  });

  for (let windowBits = 8; windowBits <= 15; windowBits++) {
    it(`keeps to a window of ${windowBits} bits`, () => {
      const codec = deflater({ noContextTakeover: false, windowBits });
      // The same bytes come again, so far away that only a larger window would reach back to them.
      const block = Buffer.from(Array.from({ length: 64 }, (_, i) => (i * 37) & 0xff));
      const message = Buffer.concat([block, Buffer.alloc((1 << windowBits) + 100, 'ab'), block]);
      const result = Buffer.concat([codec.deflate(message, true), TAIL]);
      const options = { windowBits, finishFlush: constants.Z_SYNC_FLUSH };
      expect(Buffer.compare(inflateRawSync(result, options), message)).toBe(0);
      codec.release();
    });
  }

  it('shares its history between messages compressed in the thread pool and at once', async () => {
    const message = patternBytes(200_000);
    const both = deflater();
    const first = Buffer.from(await both.deflateLater(message));
    const second = Buffer.from(both.deflate(message, true));
    const third = Buffer.from(await both.deflateLater(message));
    both.release();
    const expected = Buffer.concat([message, message, message]);
    expect(Buffer.compare(inflated(first, second, third), expected)).toBe(0);
    expect(second.length).toBeLessThan(first.length);
  });

  it('refuses a second message while one is in the thread pool', async () => {
    const codec = deflater();
    const job = codec.deflateLater(patternBytes(100_000));
    expect(() => codec.deflate(Buffer.from('x'), true)).toThrow('being compressed');
    await job;
    expect(codec.deflate(Buffer.from('x'), true).length).toBeGreaterThan(0);
    codec.release();
  });

  it('settles a job that is under way, or waits for its turn, when it is released', async () => {
    const codecs = Array.from({ length: 8 }, () => deflater());
    const jobs = codecs.map((codec) => codec.deflateLater(patternBytes(500_000)));
    for (const codec of codecs) codec.release();
    const outcomes = await Promise.allSettled(jobs);
    expect(outcomes.map(({ status }) => status)).toContain('rejected');
    expect(outcomes).toHaveLength(8);
  });
});

describe('the inflater', () => {
  it('reads what zlib has compressed, in any pieces and with any room', () => {
    for (const size of SIZES) {
      const message = patternBytes(size);
      for (const [piece, room] of [
        [1, 1000],
        [1000, 1],
        [100_000, 100_000],
      ] as const) {
        if (piece * room === 1000 && size > 1000) continue;
        const inflater = new ZlibInflater(KEEPS);
        expect(Buffer.compare(inflate(inflater, deflated(message), piece, room), message)).toBe(0);
        inflater.release();
      }
    }
  });

  it('keeps the history from message to message', () => {
    const sender = deflater();
    const inflater = new ZlibInflater(KEEPS);
    for (const size of [...SIZES, ...SIZES]) {
      const message = patternBytes(size);
      const sent = Buffer.from(sender.deflate(message, true));
      expect(Buffer.compare(inflate(inflater, sent, 4096, 65_536), message)).toBe(0);
    }
    inflater.release();
    sender.release();
  });

  it('borrows its stream for each message, if it forgets its history', () => {
    const [a, b] = [new ZlibInflater(FORGETS), new ZlibInflater(FORGETS)];
    for (let i = 0; i < 20; i++) {
      expect(inflate(a, deflated(Buffer.from(`a${i}`))).toString()).toBe(`a${i}`);
      expect(inflate(b, deflated(Buffer.from(`b${i}`))).toString()).toBe(`b${i}`);
    }
    a.release();
    b.release();
  });

  it('reads the examples of RFC 7692 §7.2.3', () => {
    const hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    const read = (inflater: ZlibInflater, bytes: number[]): string =>
      inflate(inflater, Uint8Array.from(bytes)).toString();
    const inflater = new ZlibInflater(KEEPS);
    expect(read(inflater, hello)).toBe('Hello');
    // §7.2.3.2: with the window shared, the second one refers to the first.
    expect(read(inflater, [0xf2, 0x00, 0x11, 0x00, 0x00])).toBe('Hello');
    // §7.2.3.3: a block without compression.
    const stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    expect(read(inflater, stored)).toBe('Hello');
    // §7.2.3.4: a block that says it is the last one.
    expect(read(inflater, [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00])).toBe('Hello');
    expect(read(inflater, hello)).toBe('Hello');
    // §7.2.3.5: two blocks.
    const two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    expect(read(inflater, two)).toBe('Hello');
    // §7.2.3.6: an empty message.
    expect(read(inflater, [0x00])).toBe('');
    inflater.release();
  });

  it('reads on after a last block that lacks the octet behind it (RFC 7692 §7.2.3.4)', () => {
    const inflater = new ZlibInflater(KEEPS);
    const last = Uint8Array.of(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00);
    for (let i = 0; i < 3; i++) {
      expect(inflate(inflater, last, last.length).toString()).toBe('Hello');
      expect(inflate(inflater, deflated(Buffer.from('next'))).toString()).toBe('next');
    }
    inflater.release();
  });

  it('reads a message of nothing but last blocks, in bounded time', () => {
    const inflater = new ZlibInflater(KEEPS);
    const blocks = Buffer.alloc(60_000, Buffer.from([0x03, 0x00]));
    expect(inflate(inflater, blocks, 60_000, 10).length).toBe(0);
    inflater.release();
  });

  it('reports data that is not DEFLATE, and does not give its stream to the pool', () => {
    for (const parameters of [KEEPS, FORGETS]) {
      const inflater = new ZlibInflater(parameters);
      const junk = Buffer.alloc(100, 0xff);
      inflater.push(junk, 0, junk.length);
      expect(inflater.read(Buffer.alloc(100), 0, 100)).toBe(-1);
      inflater.release();
      const next = new ZlibInflater(parameters);
      expect(inflate(next, deflated(Buffer.from('fine'))).toString()).toBe('fine');
      next.release();
    }
  });

  it('reports a reference that reaches back further than the window agreed on', () => {
    const block = Buffer.from(Array.from({ length: 64 }, (_, i) => (i * 37) & 0xff));
    const message = Buffer.concat([block, Buffer.alloc(1000, 'ab'), block]);
    const inflater = new ZlibInflater({ noContextTakeover: false, windowBits: 8 });
    expect(() => inflate(inflater, deflated(message), 10_000, 100)).toThrow('bad data');
    inflater.release();
  });
});
