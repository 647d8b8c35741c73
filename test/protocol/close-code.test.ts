import { describe, expect, it } from 'vitest';
import { LocalProtocolError, RemoteProtocolError } from '../../src/errors.ts';
import { scalarKernels } from '../../src/kernels/scalar.ts';
import {
  isValidCloseCode,
  MAX_REASON_LENGTH,
  parseClosePayload,
  serializeClosePayload,
} from '../../src/protocol/close-code.ts';
import { closePayload } from '../support/frames.ts';

/** Whether a code may stand in a close frame: RFC 6455 §7.4.1, the IANA registry, and the ranges of §7.4.2. */
function mayBeInFrame(code: number): boolean {
  const defined = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  return defined.includes(code) || (code >= 3000 && code <= 4999);
}

function serialize(code: number | undefined, reason = ''): Uint8Array {
  return serializeClosePayload(scalarKernels, code, reason);
}

/** Reads a payload that lies in the middle of other bytes. */
function parse(payload: Uint8Array | readonly number[]) {
  const bytes = Uint8Array.from([0xff, ...payload, 0xff]);
  return parseClosePayload(scalarKernels, bytes, 1, bytes.length - 1);
}

describe('isValidCloseCode', () => {
  it('is right about every number of two bytes (RFC 6455 §7.4)', () => {
    const codes = Array.from({ length: 65_536 }, (_, code) => code);
    expect(codes.filter(isValidCloseCode)).toEqual(codes.filter(mayBeInFrame));
  });
});

describe('serializeClosePayload', () => {
  it('writes the code in network order and the reason in UTF-8', () => {
    expect(serialize(1000)).toEqual(closePayload(1000));
    expect(serialize(4999, 'au revoir, é€😀')).toEqual(closePayload(4999, 'au revoir, é€😀'));
  });

  it('makes an empty payload if there is no code', () => {
    expect(serialize(undefined)).toHaveLength(0);
  });

  it.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 1000.5, -1, Number.NaN, 66_536])(
    'refuses the code %d',
    (code) => expect(() => serialize(code)).toThrow(RangeError),
  );

  it('refuses a reason without a code', () => {
    expect(() => serialize(undefined, 'why')).toThrow(LocalProtocolError);
  });

  it('refuses codes and reasons of other types', () => {
    expect(() => serialize('1000' as unknown as number)).toThrow(TypeError);
    expect(() => serialize(1000, 5 as unknown as string)).toThrow(TypeError);
  });

  it('takes a reason of 123 bytes and no more, however many characters they are', () => {
    expect(MAX_REASON_LENGTH).toBe(123);
    expect(serialize(1000, 'x'.repeat(123))).toHaveLength(125);
    expect(serialize(1000, '€'.repeat(41))).toHaveLength(125);
    expect(() => serialize(1000, 'x'.repeat(124))).toThrow(LocalProtocolError);
    expect(() => serialize(1000, '€'.repeat(42))).toThrow(LocalProtocolError);
  });
});

describe('parseClosePayload', () => {
  it('reads an empty payload as 1005 (RFC 6455 §7.1.5)', () => {
    expect(parse([])).toEqual({ code: 1005, reason: '' });
  });

  it('reads a code and a reason', () => {
    expect(parse(closePayload(1000))).toEqual({ code: 1000, reason: '' });
    expect(parse(closePayload(3000, 'é€😀'))).toEqual({ code: 3000, reason: 'é€😀' });
  });

  it('leaves a byte order mark in the reason', () => {
    expect(parse(closePayload(1000, '\ufeffwhy'))).toEqual({ code: 1000, reason: '\ufeffwhy' });
  });

  it.each([
    ['one byte (RFC 6455 §5.5.1)', [0x03], 1002],
    ['code 0', closePayload(0), 1002],
    ['code 999', closePayload(999), 1002],
    ['the reserved code 1004', closePayload(1004), 1002],
    ['code 1005, which MUST NOT be sent', closePayload(1005), 1002],
    ['code 1006, which MUST NOT be sent', closePayload(1006), 1002],
    ['code 1015, which MUST NOT be sent', closePayload(1015), 1002],
    ['code 1016, which is not defined', closePayload(1016), 1002],
    ['code 2999, which is not defined', closePayload(2999), 1002],
    ['code 5000', closePayload(5000), 1002],
    ['code 65535', closePayload(65_535), 1002],
    ['a reason that is not UTF-8', closePayload(1000, [0xc3, 0x28]), 1007],
    ['a reason cut inside a character', closePayload(1000, [0xe2, 0x82]), 1007],
  ])('fails %s', (_, payload, closeCode) => {
    const error = parse(payload);
    expect(error).toBeInstanceOf(RemoteProtocolError);
    expect((error as RemoteProtocolError).closeCode).toBe(closeCode);
  });
});
