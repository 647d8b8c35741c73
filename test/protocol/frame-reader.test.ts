import { describe, expect, it } from 'vitest';
import type { RemoteProtocolError, WebSocketError } from '../../src/errors.ts';
import { scalarKernels } from '../../src/kernels/scalar.ts';
import { type FrameConsumer, FrameReader } from '../../src/protocol/frame-reader.ts';
import { concat, type FrameFields, frame, KEY } from '../support/frames.ts';

/** Records every call, and halts after a failure, as a session does. */
class Recorder implements FrameConsumer {
  isHalted = false;
  readonly events: string[] = [];
  /** What has arrived of the current frame's payload. */
  #payload = '';
  readonly #haltsAfterFrame: boolean;

  constructor(haltsAfterFrame = false) {
    this.#haltsAfterFrame = haltsAfterFrame;
  }

  beginFrame(isFinal: boolean, opcode: number, length: number): boolean {
    this.events.push(`begin ${opcode}${isFinal ? '' : '+'} of ${length}`);
    if (length < 1000) return true;
    this.isHalted = true;
    return false;
  }

  receivePayload(bytes: Uint8Array, start: number, end: number): void {
    this.receivePart(bytes, start, end, true);
  }

  receivePart(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    this.#payload += Buffer.from(bytes.subarray(start, end)).toString('latin1');
    if (!isLast) return;
    this.events.push(`payload ${this.#payload}`);
    this.#payload = '';
    if (this.#haltsAfterFrame) this.isHalted = true;
  }

  receiveControl(opcode: number, bytes: Uint8Array, start: number, end: number): void {
    const payload = Buffer.from(bytes.subarray(start, end)).toString('latin1');
    this.events.push(`control ${opcode} ${payload}`);
  }

  fail(error: WebSocketError): void {
    this.events.push(`fail ${(error as RemoteProtocolError).closeCode} ${error.message}`);
    this.isHalted = true;
  }
}

type Expects = 'masked' | 'unmasked';

/** Reads a stream in pieces of `size` bytes and returns the calls of the consumer. */
function read(stream: Uint8Array, expects: Expects, size = stream.length): string[] {
  const consumer = new Recorder();
  const reader = new FrameReader(scalarKernels, consumer, expects === 'masked');
  for (let at = 0; at < stream.length && !consumer.isHalted; at += size) {
    // Each piece has memory of its own, with bytes around it that the reader must leave alone.
    const piece = concat([0xff, 0xff], stream.subarray(at, at + size), [0xff]);
    const next = reader.read(piece, 2, piece.length - 1);
    if (!consumer.isHalted) expect(next).toBe(piece.length - 1);
  }
  return consumer.events;
}

/** Writes frames, masked if the reader expects that. */
function streamOf(expects: Expects, ...frames: readonly FrameFields[]): Uint8Array {
  const key = expects === 'masked' ? KEY : undefined;
  return concat(...frames.map((fields) => frame({ key, ...fields })));
}

const BOTH: readonly Expects[] = ['masked', 'unmasked'];

describe.each(BOTH)('FrameReader of %s frames', (expects) => {
  const frames: FrameFields[] = [
    { opcode: 1, payload: 'Hello' },
    { opcode: 2, payload: [] },
    { opcode: 9, payload: 'ping' },
    { opcode: 2, payload: 'x'.repeat(126), isFinal: false },
    { opcode: 10, payload: 'p'.repeat(125) },
    { opcode: 0, payload: 'y'.repeat(300) },
    { opcode: 8, payload: [] },
  ];
  const events = [
    'begin 1 of 5',
    'payload Hello',
    'begin 2 of 0',
    'payload ',
    'control 9 ping',
    'begin 2+ of 126',
    `payload ${'x'.repeat(126)}`,
    `control 10 ${'p'.repeat(125)}`,
    'begin 0 of 300',
    `payload ${'y'.repeat(300)}`,
    'control 8 ',
  ];
  const stream = streamOf(expects, ...frames);

  it('reads all kinds of frames in one piece', () => {
    expect(read(stream, expects)).toEqual(events);
  });

  it('reads the same in pieces of every size', () => {
    for (let size = 1; size < stream.length; size++) {
      expect(read(stream, expects, size), `pieces of ${size}`).toEqual(events);
    }
  });

  it('reads the same cut in two at every byte', () => {
    for (let cut = 1; cut < stream.length; cut++) {
      const consumer = new Recorder();
      const reader = new FrameReader(scalarKernels, consumer, expects === 'masked');
      const bytes = stream.slice();
      reader.read(bytes, 0, cut);
      reader.read(bytes, cut, bytes.length);
      expect(consumer.events, `cut at ${cut}`).toEqual(events);
    }
  });

  it('reads nothing from no bytes, also inside a frame', () => {
    const consumer = new Recorder();
    const reader = new FrameReader(scalarKernels, consumer, expects === 'masked');
    const bytes = streamOf(expects, { opcode: 1, payload: 'ab' });
    expect(reader.read(bytes, 0, 0)).toBe(0);
    const cut = bytes.length - 1;
    expect(reader.read(bytes, 0, cut)).toBe(cut);
    expect(reader.read(bytes, cut, cut)).toBe(cut);
    reader.read(bytes, cut, cut + 1);
    expect(consumer.events).toEqual(['begin 1 of 2', 'payload ab']);
  });

  it('stops after the frame at which its consumer halts, and goes on from there', () => {
    const consumer = new Recorder(true);
    const reader = new FrameReader(scalarKernels, consumer, expects === 'masked');
    const one = streamOf(expects, { opcode: 1, payload: 'a' });
    const bytes = concat(one, one);
    expect(reader.read(bytes, 0, bytes.length)).toBe(one.length);
    consumer.isHalted = false;
    expect(reader.read(bytes, one.length, bytes.length)).toBe(bytes.length);
    expect(consumer.events).toHaveLength(4);
  });

  it('says how many bytes of the current frame are missing', () => {
    const reader = new FrameReader(scalarKernels, new Recorder(), expects === 'masked');
    const bytes = streamOf(expects, { opcode: 1, payload: 'abcdef' });
    expect(reader.missing).toBe(0);
    const header = bytes.length - 6;
    reader.read(bytes, 0, header - 1);
    expect(reader.missing).toBe(0);
    reader.read(bytes, header - 1, header + 2);
    expect(reader.missing).toBe(4);
    reader.read(bytes, header + 2, bytes.length);
    expect(reader.missing).toBe(0);
  });

  it('reads nothing more of a frame that its consumer failed', () => {
    const refused = streamOf(expects, { opcode: 2, payload: 'z'.repeat(1000) });
    expect(read(refused, expects)).toEqual(['begin 2 of 1000']);
    expect(read(refused, expects, 1)).toEqual(['begin 2 of 1000']);
  });

  const Wrong: readonly [string, FrameFields][] = [
    ['RSV1 (RFC 6455 §5.2)', { opcode: 1, rsv: 4 }],
    ['RSV2 (RFC 6455 §5.2)', { opcode: 2, rsv: 2 }],
    ['RSV3 (RFC 6455 §5.2)', { opcode: 0, rsv: 1 }],
    ['RSV1 on a control frame (RFC 6455 §5.2)', { opcode: 9, rsv: 4 }],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, FrameFields] => [
      `the reserved opcode ${opcode} (RFC 6455 §5.2)`,
      { opcode },
    ]),
    ['a fragmented close frame (RFC 6455 §5.5)', { opcode: 8, isFinal: false }],
    ['a fragmented ping (RFC 6455 §5.5)', { opcode: 9, isFinal: false }],
    ['a fragmented pong (RFC 6455 §5.5)', { opcode: 10, isFinal: false }],
    ['a close frame of 126 bytes (RFC 6455 §5.5)', { opcode: 8, length: 126n }],
    ['a ping of 126 bytes (RFC 6455 §5.5)', { opcode: 9, length: 126n }],
    ['a pong of 65536 bytes (RFC 6455 §5.5)', { opcode: 10, length: 65_536n }],
    ['a length of 0 in two bytes (RFC 6455 §5.2)', { opcode: 1, length: 0n, lengthBytes: 2 }],
    ['a length of 125 in two bytes (RFC 6455 §5.2)', { opcode: 1, length: 125n, lengthBytes: 2 }],
    ['a length of 125 in eight bytes (RFC 6455 §5.2)', { opcode: 1, length: 125n, lengthBytes: 8 }],
    [
      'a length of 65535 in eight bytes (RFC 6455 §5.2)',
      { opcode: 1, length: 65_535n, lengthBytes: 8 },
    ],
    ['a length of 2^63 (RFC 6455 §5.2)', { opcode: 2, length: 2n ** 63n }],
    ['a length of 2^64-1 (RFC 6455 §5.2)', { opcode: 2, length: 2n ** 64n - 1n }],
  ];

  it.each(Wrong)('fails %s with 1002, at any split', (_, fields) => {
    const bytes = streamOf(expects, fields);
    const [event, ...rest] = read(bytes, expects);
    expect(event).toMatch(/^fail 1002 .*\(RFC 6455 §5\.[125]\)$/);
    expect(rest).toEqual([]);
    for (let size = 1; size < bytes.length; size++) {
      expect(read(bytes, expects, size)).toEqual([event]);
    }
  });

  it.each([2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n])(
    'tells its consumer of a length of %i without losing its size',
    (length) => {
      const bytes = streamOf(expects, { opcode: 2, length });
      expect(read(bytes, expects)).toEqual([`begin 2 of ${Number(length)}`]);
      expect(read(bytes, expects, 1)).toEqual([`begin 2 of ${Number(length)}`]);
    },
  );

  it('takes the least length of each form', () => {
    for (const length of [126, 65_536]) {
      expect(read(streamOf(expects, { opcode: 2, length: BigInt(length) }), expects)[0]).toBe(
        `begin 2 of ${length}`,
      );
    }
  });
});

describe('the role of a frame reader', () => {
  it('rejects an unmasked frame from a client (RFC 6455 §5.1)', () => {
    for (const opcode of [0, 1, 2, 8, 9, 10]) {
      for (const size of [1, 100]) {
        expect(read(frame({ opcode, payload: 'x' }), 'masked', size)).toEqual([
          'fail 1002 the client sent an unmasked frame (RFC 6455 §5.1)',
        ]);
      }
    }
  });

  it('rejects a masked frame from a server (RFC 6455 §5.1)', () => {
    for (const opcode of [0, 1, 2, 8, 9, 10]) {
      for (const size of [1, 100]) {
        expect(read(frame({ opcode, payload: 'x', key: KEY }), 'unmasked', size)).toEqual([
          'fail 1002 the server sent a masked frame (RFC 6455 §5.1)',
        ]);
      }
    }
  });

  it('does not wait for the masking key to reject a masked frame from a server', () => {
    expect(read(Uint8Array.from([0x81, 0x85]), 'unmasked')).toHaveLength(1);
  });

  it('unmasks with a key whose highest bit is set, at any split', () => {
    const bytes = frame({ opcode: 1, payload: 'abcdefghij', key: [0x80, 0x01, 0x7f, 0xff] });
    for (let size = 1; size <= bytes.length; size++) {
      expect(read(bytes, 'masked', size)).toEqual(['begin 1 of 10', 'payload abcdefghij']);
    }
  });

  it('hands on a payload where it lies, without a copy', () => {
    const bytes = frame({ opcode: 2, payload: 'abc', key: KEY });
    let isSame = false;
    const consumer = new Recorder();
    consumer.receivePayload = (payload, start, end) => {
      isSame = payload === bytes && start === 6 && end === 9;
    };
    new FrameReader(scalarKernels, consumer, true).read(bytes, 0, bytes.length);
    expect(isSame).toBe(true);
  });
});
