/**
 * Sessions that agreed on permessage-deflate (RFC 7692), with codecs of zlib.
 */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { resolveConnectOptions } from '../../src/options/options.ts';
import type { Role } from '../../src/protocol/session-options.ts';
import { ZlibCompression } from '../../src/transport/compression/compression.ts';
import { Endpoint, type EndpointOptions, LIMITS } from '../support/endpoint.ts';
import { bytesOf, concat, type FrameFields, frame, KEY, parseFrames } from '../support/frames.ts';
import { request, response } from '../support/handshakes.ts';

const RSV1 = 4;

function compression(options: object | true = { threshold: 0 }): ZlibCompression {
  const { perMessageDeflate } = resolveConnectOptions({ perMessageDeflate: options });
  return new ZlibCompression(perMessageDeflate as NonNullable<typeof perMessageDeflate>);
}

/** A session that agreed on compression by this header. */
function compressing(
  role: Role,
  options: EndpointOptions = {},
  header = 'permessage-deflate',
): Endpoint {
  const end = new Endpoint(role, { compression: compression(), ...options });
  const headers = { 'Sec-WebSocket-Extensions': header };
  end.receive(role === 'client' ? response(headers) : request(headers));
  end.sent();
  end.takeEvents();
  return end;
}

function deflate(text: string | Uint8Array): Uint8Array {
  const bytes = deflateRawSync(bytesOf(text), { finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, bytes.length - 4);
}

function inflate(payload: Uint8Array): string {
  const whole = concat(payload, [0, 0, 0xff, 0xff]);
  return inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH }).toString();
}

describe.each(['client', 'server'] as const)('a %s that agreed on compression', (role) => {
  const end = (options?: EndpointOptions): Endpoint => compressing(role, options);
  const stream = (...frames: readonly FrameFields[]): Uint8Array =>
    concat(
      ...frames.map((fields) => frame({ key: role === 'server' ? KEY : undefined, ...fields })),
    );

  it('sends its messages compressed, with RSV1 on the first frame only (RFC 7692 §6)', () => {
    const sender = end();
    sender.session.sendText('héllo');
    sender.session.sendFragment('a', true, false);
    sender.session.ping(bytesOf('p'));
    sender.session.sendFragment(bytesOf('b'), true, true);
    const frames = parseFrames(sender.sent());
    expect(frames.map(({ opcode, rsv }) => [opcode, rsv])).toEqual([
      [1, 4],
      [1, 4],
      [9, 0],
      [0, 0],
    ]);
    expect(frames[2]?.payload).toEqual(bytesOf('p'));
    const [first, second, , third] = frames.map(({ payload }) => payload) as Uint8Array[];
    // The messages share one history, so together they are one stream of DEFLATE.
    const pieces = concat(first ?? [], [0, 0, 0xff, 0xff], second ?? [], third ?? []);
    expect(inflate(pieces)).toBe('hélloab');
  });

  it('leaves a message uncompressed below the threshold, or if the caller asks for that', () => {
    const sender = end({ compression: compression({ threshold: 4 }) });
    sender.session.sendText('abc');
    sender.session.sendText('ééé', false);
    sender.session.sendBinary(bytesOf('abc'));
    sender.session.sendBinary(bytesOf('abcd'), true, false);
    sender.session.sendFragment('abcd', true, false, false);
    sender.session.sendFragment('', true, true);
    sender.session.sendText('éé');
    sender.session.sendText('a');
    const frames = parseFrames(sender.sent());
    expect(frames.map(({ rsv }) => rsv)).toEqual([0, 0, 0, 0, 0, 0, 4, 0]);
  });

  it('sends a message that is already compressed as it is', () => {
    const sender = end();
    sender.session.sendDeflated(deflate('abc'), true);
    sender.session.sendDeflated(deflate('abc'), false);
    const frames = parseFrames(sender.sent());
    expect(frames.map(({ opcode, rsv }) => [opcode, rsv])).toEqual([
      [1, 4],
      [2, 4],
    ]);
    expect(inflate(frames[0]?.payload as Uint8Array)).toBe('abc');
  });

  for (const size of [1, 2, 3, 1000]) {
    it(`reads compressed and other messages in pieces of ${size}`, () => {
      const receiver = end();
      receiver.receive(
        stream(
          { opcode: 1, rsv: RSV1, payload: deflate('héllo'.repeat(50)) },
          { opcode: 2, payload: [1] },
          { opcode: 1, rsv: RSV1, payload: deflate('') },
          { opcode: 1, rsv: RSV1, payload: deflate('ab').slice(0, 1), isFinal: false },
          { opcode: 9, payload: 'p' },
          { opcode: 0, payload: [], isFinal: false },
          { opcode: 0, payload: deflate('ab').slice(1) },
          { opcode: 2, rsv: RSV1, payload: deflate(bytesOf([1, 2])) },
        ),
        size,
      );
      expect(receiver.takeEvents()).toEqual([
        `text:${'héllo'.repeat(50)}`,
        'binary:01',
        'text:',
        'ping:p',
        'text:ab',
        'binary:0102',
      ]);
    });
  }

  it('delivers the inflated bytes of every frame by themselves', () => {
    const receiver = end({ deliversFrames: true });
    const [a, b] = [deflate('aa'), deflate('bb')];
    // The deflater was flushed in between, so the first fragment holds all of its text.
    const flushed = concat(a, [0, 0, 0xff, 0xff]);
    receiver.receive(
      stream(
        { opcode: 1, rsv: RSV1, payload: flushed, isFinal: false },
        { opcode: 0, payload: b },
        { opcode: 2, rsv: RSV1, payload: deflate('c') },
      ),
      3,
    );
    expect(receiver.takeEvents()).toEqual(['frame:1+:6161', 'frame:0:6262', 'frame:2:63']);
  });

  it('applies the limit to the inflated size, while it inflates', () => {
    const limits = { maxMessageSize: 1000 };
    const exact = deflate('x'.repeat(1000));
    const above = deflate('x'.repeat(1001));
    const receiver = end({ limits });
    receiver.receive(stream({ opcode: 2, rsv: RSV1, payload: exact }));
    expect(receiver.takeEvents()).toEqual([`binary:${'78'.repeat(1000)}`]);
    receiver.receive(stream({ opcode: 2, rsv: RSV1, payload: above }));
    expect(receiver.takeEvents()).toEqual(['failure:WS_MESSAGE_TOO_BIG:1009', 'shutdown']);
    expect(receiver.sentFrames()).toEqual(['close:1009']);
  });

  it('applies the limit to all fragments of a message together, also if they are delivered one by one', () => {
    for (const deliversFrames of [false, true]) {
      const receiver = end({ limits: { maxMessageSize: 1000 }, deliversFrames });
      const half = concat(deflate('x'.repeat(501)), [0, 0, 0xff, 0xff]);
      receiver.receive(
        stream(
          { opcode: 2, rsv: RSV1, payload: half, isFinal: false },
          { opcode: 0, payload: half },
        ),
      );
      expect(receiver.takeEvents()).toContain('failure:WS_MESSAGE_TOO_BIG:1009');
    }
  });

  it('takes memory for what comes out, up to the limit and no further', () => {
    const receiver = end({ limits: { maxMessageSize: 8 * 1024 * 1024 } });
    const bomb = deflate(new Uint8Array(64 * 1024 * 1024));
    const before = process.memoryUsage().arrayBuffers;
    receiver.receive(stream({ opcode: 2, rsv: RSV1, payload: bomb }), 65_536);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40 * 1024 * 1024);
    expect(receiver.takeEvents()).toEqual(['failure:WS_MESSAGE_TOO_BIG:1009', 'shutdown']);
    expect(receiver.session.state).toBe('closing');
  });

  it('takes a message that is larger than all buffers', () => {
    const receiver = end({ limits: { maxMessageSize: 8 * 1024 * 1024 } });
    const text = 'abcdefgh'.repeat(400_000);
    receiver.receive(stream({ opcode: 1, rsv: RSV1, payload: deflate(text) }), 100);
    expect(receiver.takeEvents()[0] === `text:${text}`).toBe(true);
  });

  it('refuses a frame declared longer than DEFLATE makes any message within the limit', () => {
    const receiver = end();
    receiver.receive(stream({ opcode: 2, rsv: RSV1, length: 2n ** 62n }).subarray(0, 14));
    expect(receiver.takeEvents()).toEqual(['failure:WS_MESSAGE_TOO_BIG:1009', 'shutdown']);
    const most = end();
    most.receive(
      stream({ opcode: 2, rsv: RSV1, length: BigInt((LIMITS.maxMessageSize * 9) / 8) }).subarray(
        0,
        14,
      ),
    );
    expect(most.takeEvents()).toEqual([]);
  });

  for (const [what, frames, event] of [
    [
      'a continuation with RSV1',
      [
        { opcode: 1, rsv: RSV1, isFinal: false },
        { opcode: 0, rsv: RSV1 },
      ],
      1002,
    ],
    ['a ping with RSV1', [{ opcode: 9, rsv: RSV1 }], 1002],
    ['a close with RSV1', [{ opcode: 8, rsv: RSV1 }], 1002],
    ['RSV2', [{ opcode: 1, rsv: 2 }], 1002],
    ['RSV1 and RSV3', [{ opcode: 1, rsv: 5 }], 1002],
    ['a block cut short', [{ opcode: 2, rsv: RSV1, payload: [0x00, 0x05] }], 1007],
    ['what is not DEFLATE', [{ opcode: 2, rsv: RSV1, payload: [0xff, 0xff, 0xff] }], 1007],
    [
      'text that is not UTF-8',
      [{ opcode: 1, rsv: RSV1, payload: deflate(bytesOf([0x61, 0xff])) }],
      1007,
    ],
    [
      'text that ends in a sequence',
      [{ opcode: 1, rsv: RSV1, payload: deflate(bytesOf([0xc3])) }],
      1007,
    ],
    [
      'text wrong over two frames',
      [
        {
          opcode: 1,
          rsv: RSV1,
          isFinal: false,
          payload: concat(deflate(bytesOf([0xc3])), [0, 0, 0xff, 0xff]),
        },
        { opcode: 0, payload: deflate('x') },
      ],
      1007,
    ],
  ] as const) {
    it(`fails with ${event} for ${what}`, () => {
      const receiver = end();
      receiver.receive(stream(...(frames as readonly FrameFields[])), 1);
      expect(receiver.takeEvents()[0]).toBe(`failure:WS_REMOTE_PROTOCOL:${event}`);
      expect(receiver.sentFrames()).toEqual([`close:${event}`]);
    });
  }

  it.each([
    ['before', [0xff, ...bytesOf('x'.repeat(99))], 'failure:WS_REMOTE_PROTOCOL:1007'],
    ['after', [...bytesOf('x'.repeat(99)), 0xff], 'failure:WS_MESSAGE_TOO_BIG:1009'],
  ])(
    'fails for the fault that comes first, in any pieces: text is wrong %s the limit',
    (_, text, failure) => {
      const payload = deflate(bytesOf(text));
      const whole = stream({ opcode: 1, rsv: RSV1, payload });
      for (const size of [1, 3, whole.length]) {
        const receiver = end({ limits: { maxMessageSize: 10 } });
        for (let at = 0; at < whole.length; at += size)
          receiver.receive(whole.slice(at, at + size));
        expect(receiver.takeEvents()).toEqual([failure, 'shutdown']);
      }
    },
  );

  it.each([
    ['in a stored block', '000300fcff616263', 2, '9e'],
    ['in a stored block that ends at the limit', '000200fdff6162000100feff63', 2, '9e'],
    ['by a literal', '4a4c4a06', 2, 'ffff'],
    ['by a literal of which the octet says more', '4a4c4afe', 2, 'ff'],
    ['by a repetition', '4b4c4c04', 3, 'ff'],
    ['after a final block', '4b4c020003004a06', 2, 'ffff'],
  ])(
    'fails in the same way in any pieces: a message exceeds the limit %s, then bad data follows',
    (_, start, maxMessageSize, bad) => {
      const payload = Buffer.from(start + bad, 'hex');
      const whole = stream({ opcode: 2, rsv: RSV1, payload });
      const outcomes = Array.from({ length: whole.length }, (__, cut) => {
        const receiver = end({ limits: { maxMessageSize } });
        for (const piece of [whole.slice(0, cut), whole.slice(cut)]) receiver.receive(piece);
        return receiver.takeEvents().join();
      });
      const bytewise = end({ limits: { maxMessageSize } });
      bytewise.receive(whole.slice(), 1);
      const [outcome] = outcomes;
      expect(outcome).toMatch(/^failure/);
      expect(new Set([...outcomes, bytewise.takeEvents().join()])).toEqual(new Set([outcome]));
    },
  );

  it('takes a compressed message without any payload as an empty one, and keeps the history', () => {
    const history = deflateRawSync('abcabcabc', { finishFlush: constants.Z_SYNC_FLUSH });
    const first = history.subarray(0, history.length - 4);
    const again = deflateRawSync('abcabcabc', {
      dictionary: bytesOf('abcabcabc'),
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    const second = again.subarray(0, again.length - 4);
    for (const size of [1, 1000]) {
      const receiver = end();
      receiver.receive(
        stream(
          { opcode: 1, rsv: RSV1 },
          { opcode: 1, rsv: RSV1, payload: first },
          { opcode: 2, rsv: RSV1 },
          { opcode: 1, rsv: RSV1, isFinal: false },
          { opcode: 0, isFinal: false },
          { opcode: 0 },
          { opcode: 1, rsv: RSV1, payload: second },
        ),
        size,
      );
      const events = ['text:', 'text:abcabcabc', 'binary:', 'text:', 'text:abcabcabc'];
      expect(receiver.takeEvents()).toEqual(events);
    }
  });

  it('reads nothing more once the limit was passed, be it bad or not', () => {
    const receiver = end({ limits: { maxMessageSize: 10 } });
    const payload = concat(deflate('x'.repeat(100)), [0, 0, 0xff, 0xff], [0xff, 0xff, 0xff]);
    receiver.receive(stream({ opcode: 2, rsv: RSV1, payload, isFinal: false }), 1);
    receiver.receive(stream({ opcode: 0, payload: [0xff, 0xff] }));
    expect(receiver.takeEvents()).toEqual(['failure:WS_MESSAGE_TOO_BIG:1009', 'shutdown']);
    receiver.session.receiveEof(0);
    expect(receiver.takeEvents()).toEqual(['closed']);
  });
});

describe('a client that offers compression', () => {
  it('says so in its request, and reports what was agreed on', () => {
    const end = new Endpoint('client', { compression: compression() });
    expect(Buffer.from(end.sent()).toString()).toContain(
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n',
    );
    const header = 'permessage-deflate; client_no_context_takeover';
    end.receive(response({ 'Sec-WebSocket-Extensions': header }));
    expect(end.takeEvents()).toEqual(['open']);
    expect(end.session.extensions).toBe(header);
  });

  it('works without it if the server does not accept it', () => {
    const end = new Endpoint('client', { compression: compression() });
    end.receive(response());
    end.sent();
    expect(end.session.extensions).toBe('');
    end.session.sendText('abc');
    expect(end.sentFrames()).toEqual(['text:abc']);
    end.receiveFrames({ opcode: 1, rsv: RSV1, payload: deflate('x') });
    expect(end.takeEvents()).toContain('failure:WS_REMOTE_PROTOCOL:1002');
  });

  it('fails the handshake for an answer that is wrong', () => {
    const end = new Endpoint('client', { compression: compression() });
    end.receive(response({ 'Sec-WebSocket-Extensions': 'permessage-deflate; x' }));
    expect(end.takeEvents()).toEqual(['failure:WS_NEGOTIATION_FAILED', 'closed']);
    expect(end.failures[0]?.message).toContain("'x' is unknown");
  });

  it('fails the handshake for compression that it did not offer', () => {
    const end = new Endpoint('client');
    end.receive(response({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
    expect(end.takeEvents()).toEqual(['failure:WS_NEGOTIATION_FAILED', 'closed']);
  });
});

describe('a server that can compress', () => {
  it('accepts an offer, and says what it accepted', () => {
    const end = new Endpoint('server', { compression: compression() });
    end.receive(
      request({ 'Sec-WebSocket-Extensions': 'permessage-deflate; server_max_window_bits=9' }),
    );
    expect(Buffer.from(end.sent()).toString()).toContain(
      'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n',
    );
    expect(end.session.extensions).toBe('permessage-deflate; server_max_window_bits=9');
  });

  it('opens without compression if no offer is acceptable', () => {
    for (const header of [undefined, 'permessage-deflate; server_max_window_bits=7', 'other']) {
      const end = new Endpoint('server', { compression: compression() });
      end.receive(request({ 'Sec-WebSocket-Extensions': header }));
      expect(end.takeEvents()).toEqual(['request', 'open']);
      expect(end.session.extensions).toBe('');
      expect(Buffer.from(end.sent()).toString()).not.toContain('Extensions');
    }
  });

  it('refuses a header that is no list of extensions with 400', () => {
    const end = new Endpoint('server', { compression: compression() });
    end.receive(request({ 'Sec-WebSocket-Extensions': 'permessage-deflate; =' }));
    expect(Buffer.from(end.sent()).toString()).toMatch(/^HTTP\/1\.1 400 /);
  });
});
