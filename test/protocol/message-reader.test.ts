import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import {
  MessageTooBigError,
  type RemoteProtocolError,
  type WebSocketError,
} from '../../src/errors.ts';
import { scalarKernels } from '../../src/kernels/scalar.ts';
import { sharedBytePool } from '../../src/protocol/byte-pool.ts';
import { FrameReader } from '../../src/protocol/frame-reader.ts';
import {
  type MessageConsumer,
  type MessageLimits,
  MessageReader,
} from '../../src/protocol/message-reader.ts';
import { bytesOf, concat, type FrameFields, frame } from '../support/frames.ts';

const LIMITS: MessageLimits = { maxMessageSize: 1000, maxFragments: 5 };

interface Told {
  readonly events: string[];
  failure: WebSocketError | undefined;
}

/** A message reader that gets its frames from a frame reader, as in a session. */
class Pipeline implements Told {
  readonly events: string[] = [];
  failure: WebSocketError | undefined;
  /** The memory in which the last message lay. */
  memory: ArrayBufferLike | undefined;
  /** The buffers of the messages that were handed over. */
  readonly owned: Uint8Array[] = [];
  readonly messages: MessageReader;
  readonly #frames: FrameReader;

  constructor(limits: Partial<MessageLimits> = {}, deliversFrames = false, handsOver?: boolean) {
    const consumer: MessageConsumer = {
      onMessage: (bytes, start, end, isText, isOwn) => {
        if (isOwn) this.owned.push(bytes);
        this.memory = bytes.buffer;
        const payload = Buffer.from(bytes.subarray(start, end)).toString('latin1');
        this.events.push(`${isText ? 'text' : 'binary'} ${payload}`);
      },
      onFrame: (isFinal, opcode, bytes, start, end) => {
        const payload = Buffer.from(bytes.subarray(start, end)).toString('latin1');
        this.events.push(`frame ${opcode}${isFinal ? '' : '+'} ${payload}`);
      },
      fail: (error) => this.#fail(error),
    };
    this.messages = new MessageReader(
      scalarKernels,
      consumer,
      { ...LIMITS, ...limits },
      { deliversFrames, ...(handsOver === undefined ? {} : { handsOver }) },
    );
    const { messages } = this;
    const isHalted = () => this.failure !== undefined;
    this.#frames = new FrameReader(
      scalarKernels,
      {
        get isHalted() {
          return isHalted();
        },
        beginFrame: (isFinal, opcode, length, isCompressed) =>
          messages.beginFrame(isFinal, opcode, length, isCompressed),
        receivePayload: (bytes, start, end) => messages.receivePayload(bytes, start, end),
        receivePart: (bytes, start, end, isLast) => messages.receivePart(bytes, start, end, isLast),
        receiveControl: () => this.events.push('control'),
        fail: (error) => this.#fail(error),
      },
      false,
    );
  }

  read(stream: Uint8Array, size = Math.max(1, stream.length)): this {
    for (let at = 0; at < stream.length && this.failure === undefined; at += size) {
      const piece = stream.slice(at, at + size);
      this.#frames.read(piece, 0, piece.length);
    }
    return this;
  }

  #fail(error: WebSocketError): void {
    this.failure = error;
    const about = error instanceof MessageTooBigError ? error.limit : '';
    this.events.push(`fail ${(error as RemoteProtocolError).closeCode} ${about}`.trimEnd());
  }
}

/** Returns the events that frames cause, and checks that they are the same in pieces of every size. */
function eventsOf(
  frames: readonly FrameFields[],
  limits: Partial<MessageLimits> = {},
  deliversFrames = false,
): string[] {
  const stream = concat(...frames.map(frame));
  const { events } = new Pipeline(limits, deliversFrames).read(stream);
  const sizes = stream.length < 100 ? stream.length : 20;
  for (let size = 1; size < sizes; size++) {
    expect(
      new Pipeline(limits, deliversFrames).read(stream, size).events,
      `pieces of ${size}`,
    ).toEqual(events);
  }
  return events;
}

const fragments = (opcode: number, ...payloads: (string | readonly number[])[]): FrameFields[] =>
  payloads.map((payload, i) => ({
    opcode: i === 0 ? opcode : 0,
    payload,
    isFinal: i === payloads.length - 1,
  }));

describe('messages (RFC 6455 §5.4)', () => {
  it('consist of single frames', () => {
    expect(eventsOf([...fragments(1, 'ab'), ...fragments(2, 'cd'), ...fragments(1, '')])).toEqual([
      'text ab',
      'binary cd',
      'text ',
    ]);
  });

  it('consist of fragments, which may be empty', () => {
    expect(eventsOf([...fragments(2, 'ab', '', 'cd'), ...fragments(1, '', '', 'e')])).toEqual([
      'binary abcd',
      'text e',
    ]);
    expect(eventsOf(fragments(1, '', ''))).toEqual(['text ']);
  });

  it('may have control frames between their fragments', () => {
    const [first, last] = fragments(1, 'a', 'b') as [FrameFields, FrameFields];
    expect(eventsOf([first, { opcode: 9 }, last])).toEqual(['control', 'text ab']);
  });

  it('lie in the receive buffer if they arrive whole, and in memory of their own otherwise', () => {
    const bytes = frame({ opcode: 2, payload: 'abc' });
    const whole = new Pipeline();
    whole.read(bytes);
    expect(whole.events).toEqual(['binary abc']);
    const parts = new Pipeline().read(bytes, 4);
    expect(parts.memory).not.toBe(bytes.buffer);
  });

  it('are assembled from pieces at sizes around those of the buffers', () => {
    const limits = { maxMessageSize: 4_000_000 };
    for (const length of [1023, 1024, 1025, 65_535, 65_536, 65_537, 1_048_577]) {
      const payload = Uint8Array.from({ length }, (_, i) => (i % 251) & 0x7f);
      const expected = `text ${Buffer.from(payload).toString('latin1')}`;
      for (const size of [4097, 65_536]) {
        const { events } = new Pipeline(limits).read(frame({ opcode: 1, payload }), size);
        expect(events[0] === expected && events.length === 1, `${length} by ${size}`).toBe(true);
      }
      const halves = fragments(1, [...payload.subarray(0, 700)], [...payload.subarray(700)]);
      const { events } = new Pipeline(limits).read(concat(...halves.map(frame)), 50_000);
      expect(events[0] === expected, `${length} in two fragments`).toBe(true);
    }
  });
});

describe('the order of fragments (RFC 6455 §5.4)', () => {
  it.each<[string, FrameFields[]]>([
    ['a continuation without a message', [{ opcode: 0, payload: 'x' }]],
    ['a continuation that is not final, without a message', [{ opcode: 0, isFinal: false }]],
    ['a continuation after a whole message', [{ opcode: 1 }, { opcode: 0 }]],
    ['a continuation after a fragmented message', [...fragments(1, 'a', 'b'), { opcode: 0 }]],
    ['a text message inside a message', [{ opcode: 1, isFinal: false }, { opcode: 1 }]],
    ['a binary message inside a message', [{ opcode: 2, isFinal: false }, { opcode: 2 }]],
    [
      'another message begun inside one',
      [
        { opcode: 2, isFinal: false },
        { opcode: 1, isFinal: false },
      ],
    ],
  ])('rejects %s with 1002', (_, frames) => {
    expect(eventsOf(frames).at(-1)).toBe('fail 1002');
    expect(eventsOf(frames, {}, true).at(-1)).toBe('fail 1002');
  });
});

describe('text (RFC 6455 §8.1)', () => {
  it('may be cut into fragments inside a character', () => {
    const euro = [...bytesOf('€😀')];
    for (let cut = 0; cut <= euro.length; cut++) {
      const frames = fragments(1, euro.slice(0, cut), euro.slice(cut));
      expect(eventsOf(frames)).toEqual([`text ${Buffer.from('€😀').toString('latin1')}`]);
    }
  });

  it.each<[string, FrameFields[]]>([
    ['in a frame', fragments(1, [0x61, 0xff])],
    ['that ends inside a character', fragments(1, [0xe2, 0x82])],
    ['whose last fragment ends inside a character', fragments(1, 'a', [0xe2, 0x82])],
    ['whose last fragment is empty and leaves a character cut', fragments(1, [0xe2, 0x82], '')],
    ['in a fragment', fragments(1, 'a', [0xc0, 0x80], 'b')],
    ['split over two fragments', fragments(1, [0xed], [0xa0, 0x80])],
  ])('that is not UTF-8 %s is failed with 1007', (_, frames) => {
    expect(eventsOf(frames)).toEqual(['fail 1007']);
  });

  it('that is not UTF-8 is failed before its frame or message is complete', () => {
    const long = frame({ opcode: 1, payload: [0x61, 0xff, ...new Array(50).fill(0x61)] });
    expect(new Pipeline().read(long.subarray(0, 4)).events).toEqual(['fail 1007']);
    const first = frame({ opcode: 1, payload: [0x61, 0xff], isFinal: false });
    expect(new Pipeline().read(first).events).toEqual(['fail 1007']);
  });

  it('is not expected in binary messages', () => {
    expect(eventsOf(fragments(2, [0xff], [0xfe]))).toEqual(['binary \xff\xfe']);
    expect(eventsOf(fragments(2, [0xff]))).toEqual(['binary \xff']);
  });

  it('is checked by itself, whatever messages in pieces came before', () => {
    const pipeline = new Pipeline();
    pipeline.read(frame({ opcode: 1, payload: '€' }), 1);
    pipeline.read(concat(...fragments(2, [0xff], [0xff]).map(frame)), 1);
    pipeline.read(concat(...fragments(1, 'a', 'b').map(frame)), 1);
    expect(pipeline.events).toHaveLength(3);
    expect(pipeline.failure).toBeUndefined();
  });
});

describe('the limits of a message', () => {
  const x = (length: number) => 'x'.repeat(length);

  it('take a message of exactly maxMessageSize bytes', () => {
    expect(eventsOf(fragments(2, x(1000)))).toHaveLength(1);
    expect(eventsOf(fragments(2, x(400), x(600)))).toEqual([`binary ${x(1000)}`]);
    expect(eventsOf([...fragments(2, x(600)), ...fragments(2, x(600))])).toHaveLength(2);
  });

  it.each<[string, FrameFields[]]>([
    ['one frame', fragments(2, x(1001))],
    ['fragments', fragments(2, x(400), x(601))],
    ['many small fragments', fragments(2, x(250), x(250), x(250), x(250), x(1))],
    ['2^31 bytes declared', [{ opcode: 2, length: 2n ** 31n }]],
    ['2^53 bytes declared', [{ opcode: 2, length: 2n ** 53n }]],
    ['2^63-1 bytes declared', [{ opcode: 1, length: 2n ** 63n - 1n }]],
  ])('fail more bytes in %s with 1009', (_, frames) => {
    expect(eventsOf(frames).at(-1)).toBe('fail 1009 1000');
    expect(eventsOf(frames, {}, true).at(-1)).toBe('fail 1009 1000');
  });

  it('fail a message that is too big at its header, before its bytes arrive', () => {
    const header = frame({ opcode: 2, length: 1001n });
    expect(new Pipeline().read(header).failure).toBeInstanceOf(MessageTooBigError);
  });

  it('count all fragments, empty ones included', () => {
    expect(eventsOf(fragments(1, '', '', '', '', ''))).toEqual(['text ']);
    expect(eventsOf(fragments(1, '', '', '', '', '', ''))).toEqual(['fail 1009 5']);
    expect(eventsOf(fragments(1, 'a', 'a', 'a', 'a', 'a', 'a'))).toEqual(['fail 1009 5']);
    expect(eventsOf([...fragments(1, '', '', '', ''), ...fragments(1, '', '', '')])).toHaveLength(
      2,
    );
    expect(eventsOf([{ opcode: 1 }], { maxFragments: 1 })).toEqual(['text ']);
    expect(eventsOf(fragments(1, '', ''), { maxFragments: 1 })).toEqual(['fail 1009 1']);
  });

  it('may be infinite', () => {
    const limits = {
      maxMessageSize: Number.POSITIVE_INFINITY,
      maxFragments: Number.POSITIVE_INFINITY,
    };
    expect(eventsOf(fragments(2, x(5000)), limits)).toHaveLength(1);
    expect(eventsOf([{ opcode: 2, length: 2n ** 63n - 1n }], limits)).toEqual([]);
  });
});

describe('frames delivered one by one', () => {
  it('are delivered as they were sent, in pieces of every size', () => {
    const frames = [...fragments(1, 'ab', '', 'cd'), ...fragments(2, 'e'), ...fragments(2, '')];
    expect(eventsOf(frames, {}, true)).toEqual([
      'frame 1+ ab',
      'frame 0+ ',
      'frame 0 cd',
      'frame 2 e',
      'frame 2 ',
    ]);
  });

  it('are checked for UTF-8 over the whole message', () => {
    expect(eventsOf(fragments(1, [0xe2], [0x82, 0xac]), {}, true)).toHaveLength(2);
    expect(eventsOf(fragments(1, [0xe2], [0x28]), {}, true)).toEqual([
      'frame 1+ \xe2',
      'fail 1007',
    ]);
    expect(eventsOf(fragments(1, [0xff]), {}, true)).toEqual(['fail 1007']);
  });
});

describe('messages handed over', () => {
  const long = frame({ opcode: 2, payload: randomBytes(200_000) });

  const unlimited = { maxMessageSize: 1_000_000 };

  function handingOver(): Pipeline {
    return new Pipeline(unlimited, false, true);
  }

  function ownedOf(stream: Uint8Array, size: number): Uint8Array[] {
    return handingOver().read(stream, size).owned;
  }

  it.each([100, 65_536, 150_000])(
    'have a buffer of their own and nothing else in it, in pieces of %i bytes',
    (size) => {
      const owned = ownedOf(concat(long, frame({ opcode: 2, payload: randomBytes(500) })), size);
      const [first] = owned;
      expect(owned).toHaveLength(size < 65_536 ? 2 : 1);
      expect(Buffer.compare(first as Uint8Array, long.subarray(-200_000))).toBe(0);
      expect(first?.buffer.byteLength).toBe(200_000);
    },
  );

  it('are never lent to another message', () => {
    const give = vi.spyOn(sharedBytePool, 'give');
    try {
      const { owned } = handingOver().read(concat(long, long, long), 10_000);
      handingOver().read(long.subarray(0, 150_000), 10_000).messages.release();
      expect(new Set(owned.map(({ buffer }) => buffer)).size).toBe(3);
      expect(give.mock.calls.map(([{ length }]) => length)).not.toContain(200_000);
    } finally {
      give.mockRestore();
    }
  });

  it('are never lent to another message, even if the sink releases the reader', () => {
    const pipeline = handingOver();
    const give = vi.spyOn(sharedBytePool, 'give');
    vi.spyOn(pipeline.owned, 'push').mockImplementation(() => {
      pipeline.messages.release();
      return 0;
    });
    try {
      pipeline.read(long, 10_000);
      expect(pipeline.events).toHaveLength(1);
      expect(give.mock.calls.map(([{ length }]) => length)).not.toContain(200_000);
    } finally {
      give.mockRestore();
    }
  });

  it.each([
    ['arrive whole', [{ opcode: 2, payload: 'whole' }], 1000],
    ['are text', [{ opcode: 1, payload: 'text in pieces' }], 3],
    ['arrive in fragments', fragments(2, 'a', 'b', 'c'), 1],
  ])('do not include messages that %s', (_, frames, size) => {
    const pipeline = handingOver().read(concat(...frames.map(frame)), size);
    expect(pipeline.events).toHaveLength(1);
    expect(pipeline.owned).toEqual([]);
  });

  it('may be followed by messages in buffers of the pool', () => {
    const pipeline = handingOver().read(long, 10_000);
    const give = vi.spyOn(sharedBytePool, 'give');
    try {
      pipeline.read(concat(...fragments(2, 'a', 'b').map(frame)));
      expect(give).toHaveBeenCalledTimes(1);
    } finally {
      give.mockRestore();
    }
  });
});

describe('MessageReader.release', () => {
  it('drops an unfinished message, and may be called at any time', () => {
    const pipeline = new Pipeline();
    pipeline.messages.release();
    pipeline.read(frame({ opcode: 2, payload: 'secret', isFinal: false }));
    pipeline.messages.release();
    pipeline.messages.release();
    pipeline.read(frame({ opcode: 0, payload: 'x' }));
    expect(pipeline.events).toEqual(['binary x']);
  });
});

describe('the memory of a message under assembly', () => {
  const unlimited = { maxMessageSize: Number.POSITIVE_INFINITY, maxFragments: 1_000_000 };

  /** The sizes of the buffers that `action` takes from the pool. */
  function sizesTaken(action: () => void): number[] {
    const take = vi.spyOn(sharedBytePool, 'take');
    try {
      action();
      return take.mock.calls.map(([size]) => size);
    } finally {
      take.mockRestore();
    }
  }

  it.each([2n ** 20n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n])(
    'does not grow with a declared length of %i',
    (length) => {
      const start = frame({ opcode: 2, length, payload: 'x' });
      expect(sizesTaken(() => new Pipeline(unlimited).read(start))).toEqual([65_536]);
    },
  );

  it('is not taken for a message that arrives whole, nor for an empty part', () => {
    expect(sizesTaken(() => new Pipeline().read(frame({ opcode: 2, payload: 'abc' })))).toEqual([]);
    expect(sizesTaken(() => new Pipeline().read(frame({ opcode: 2, length: 5n })))).toEqual([]);
  });

  it('is what was declared, if that is little', () => {
    const start = frame({ opcode: 2, length: 500n, payload: 'x' });
    expect(sizesTaken(() => new Pipeline().read(start))).toEqual([500]);
  });

  it.each([
    ['one frame', [frame({ opcode: 2, payload: new Uint8Array(8 << 20) })]],
    [
      'small fragments',
      Array.from({ length: 2048 }, (_, i) =>
        frame({ opcode: i === 0 ? 2 : 0, payload: new Uint8Array(4096), isFinal: i === 2047 }),
      ),
    ],
  ])('is in proportion to what has arrived, in %s', (_, frames) => {
    const pipeline = new Pipeline(unlimited);
    pipeline.messages.release();
    let received = 0;
    const sizes: number[] = [];
    for (const bytes of frames) {
      for (let at = 0; at < bytes.length; at += 4096) {
        const piece = bytes.subarray(at, at + 4096);
        received += piece.length;
        for (const size of sizesTaken(() => pipeline.read(piece))) {
          expect(size).toBeLessThanOrEqual(Math.max(65_536, 2 * received));
          sizes.push(size);
        }
      }
    }
    expect(pipeline.events).toHaveLength(1);
    // The sizes double, so the copying is in proportion as well.
    expect(sizes.length).toBeLessThan(20);
  });

  it('is never asked for more than maxMessageSize', () => {
    const limits = { maxMessageSize: 3_000_000, maxFragments: 1000 };
    const frames = Array.from({ length: 100 }, (_, i) =>
      frame({ opcode: i === 0 ? 2 : 0, payload: new Uint8Array(30_000), isFinal: false }),
    );
    const take = vi.spyOn(sharedBytePool, 'take');
    try {
      new Pipeline(limits).read(concat(...frames), 30_000);
      expect(Math.max(...take.mock.calls.map(([size]) => size))).toBeLessThanOrEqual(3_000_000);
      // The pool lends the next power of two.
      const lent = take.mock.results.map(({ value }) => (value as Uint8Array).length);
      expect(Math.max(...lent)).toBe(2 ** 22);
    } finally {
      take.mockRestore();
    }
  });

  it('is given back when the message is delivered', () => {
    const give = vi.spyOn(sharedBytePool, 'give');
    try {
      const sizes = sizesTaken(() => eventsOf(fragments(2, 'a', 'b')));
      expect(give).toHaveBeenCalledTimes(sizes.length);
    } finally {
      give.mockRestore();
    }
  });
});
