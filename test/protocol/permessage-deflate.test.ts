import { describe, expect, it } from 'vitest';
import { parseExtensions } from '../../src/protocol/opening/extensions.ts';
import {
  acceptOffer,
  type DeflateAgreement,
  type DeflateSettings,
  readAnswer,
  serializeOffer,
} from '../../src/protocol/permessage-deflate.ts';

const OPEN: DeflateSettings = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: undefined,
  clientMaxWindowBits: undefined,
  threshold: 0,
};

function answer(value: string, settings: Partial<DeflateSettings> = {}): DeflateAgreement | string {
  return readAnswer(value, { ...OPEN, ...settings });
}

function accept(
  value: string,
  settings: Partial<DeflateSettings> = {},
): DeflateAgreement | undefined {
  return acceptOffer(parseExtensions(value) ?? [], { ...OPEN, ...settings });
}

/** The window bits of the server, then of the client; negative without context takeover. */
function short(agreement: DeflateAgreement | string | undefined): unknown {
  if (agreement === undefined || typeof agreement === 'string') return agreement;
  const { server, client } = agreement;
  return [server, client].map(({ noContextTakeover, windowBits }) =>
    noContextTakeover ? -windowBits : windowBits,
  );
}

describe("the client's offer (RFC 7692 §7.1)", () => {
  it('leaves all to the server if nothing is asked for', () => {
    expect(serializeOffer(OPEN)).toBe('permessage-deflate; client_max_window_bits');
  });

  it('names everything that is asked for', () => {
    const settings = {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 11,
      threshold: 0,
    };
    expect(serializeOffer(settings)).toBe(
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11',
    );
  });
});

describe("the server's answer, read by the client", () => {
  for (const [value, settings, expected] of [
    ['permessage-deflate', {}, [15, 15]],
    ['permessage-deflate; server_no_context_takeover', {}, [-15, 15]],
    ['permessage-deflate; client_no_context_takeover', {}, [15, -15]],
    ['permessage-deflate; server_max_window_bits=8', {}, [8, 15]],
    ['permessage-deflate; client_max_window_bits=9', {}, [15, 9]],
    ['permessage-deflate; client_max_window_bits="9"', {}, [15, 9]],
    ['permessage-deflate', { clientNoContextTakeover: true }, [15, -15]],
    ['permessage-deflate', { clientMaxWindowBits: 10 }, [15, 10]],
    ['permessage-deflate; client_max_window_bits=9', { clientMaxWindowBits: 10 }, [15, 9]],
    ['permessage-deflate; server_max_window_bits=9', { serverMaxWindowBits: 10 }, [9, 15]],
    [
      'permessage-deflate; server_no_context_takeover',
      { serverNoContextTakeover: true },
      [-15, 15],
    ],
  ] as const) {
    it(`is taken: '${value}' to ${JSON.stringify(settings)}`, () => {
      expect(short(answer(value, settings))).toEqual(expected);
    });
  }

  for (const [value, settings, problem] of [
    ['', {}, /empty/],
    ['permessage-deflate;', {}, /malformed/],
    ['x-webkit-deflate-frame', {}, /'x-webkit-deflate-frame' was not offered/],
    ['PERMESSAGE-DEFLATE', {}, /was not offered/],
    ['constructor', {}, /was not offered/],
    ['permessage-deflate, permessage-deflate', {}, /a second extension/],
    ['permessage-deflate, other', {}, /it accepts a second extension, 'other'/],
    ['permessage-deflate; unknown', {}, /'unknown' is unknown/],
    ['permessage-deflate; __proto__', {}, /'__proto__' is unknown/],
    ['permessage-deflate; server_no_context_takeover=1', {}, /has a value/],
    ['permessage-deflate; client_no_context_takeover=true', {}, /has a value/],
    ['permessage-deflate; server_no_context_takeover; server_no_context_takeover', {}, /repeated/],
    ['permessage-deflate; server_max_window_bits', {}, /has no value/],
    ['permessage-deflate; client_max_window_bits', {}, /has no value/],
    ['permessage-deflate; server_max_window_bits=8; server_max_window_bits=8', {}, /repeated/],
    ...['server', 'client'].flatMap((end) =>
      ['7', '16', '0', '99', '-8', '08', '8.0', '1e1', '15x'].map(
        (bits) =>
          [`permessage-deflate; ${end}_max_window_bits=${bits}`, {}, /from 8 to 15/] as const,
      ),
    ),
    ['permessage-deflate', { serverNoContextTakeover: true }, /asked for and is missing/],
    ['permessage-deflate', { serverMaxWindowBits: 10 }, /at most 10/],
    ['permessage-deflate; server_max_window_bits=11', { serverMaxWindowBits: 10 }, /at most 10/],
    ['permessage-deflate; client_max_window_bits=11', { clientMaxWindowBits: 10 }, /at most 10/],
  ] as const) {
    it(`fails the handshake: '${value}' to ${JSON.stringify(settings)}`, () => {
      expect(answer(value, settings)).toMatch(problem);
    });
  }
});

describe('an offer, answered by the server', () => {
  for (const [value, settings, expected, extension] of [
    ['permessage-deflate', {}, [15, 15], 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits', {}, [15, 15], 'permessage-deflate'],
    [
      'permessage-deflate; server_no_context_takeover',
      {},
      [-15, 15],
      'permessage-deflate; server_no_context_takeover',
    ],
    [
      'permessage-deflate; client_no_context_takeover',
      {},
      [15, -15],
      'permessage-deflate; client_no_context_takeover',
    ],
    [
      'permessage-deflate; server_max_window_bits=10',
      {},
      [10, 15],
      'permessage-deflate; server_max_window_bits=10',
    ],
    [
      'permessage-deflate; server_max_window_bits=15',
      {},
      [15, 15],
      'permessage-deflate; server_max_window_bits=15',
    ],
    [
      'permessage-deflate; client_max_window_bits=10',
      {},
      [15, 10],
      'permessage-deflate; client_max_window_bits=10',
    ],
    [
      'permessage-deflate; client_max_window_bits',
      { clientMaxWindowBits: 9 },
      [15, 9],
      'permessage-deflate; client_max_window_bits=9',
    ],
    [
      'permessage-deflate; server_max_window_bits=12',
      { serverMaxWindowBits: 9 },
      [9, 15],
      'permessage-deflate; server_max_window_bits=9',
    ],
    [
      'permessage-deflate; server_max_window_bits=8',
      { serverMaxWindowBits: 9 },
      [8, 15],
      'permessage-deflate; server_max_window_bits=8',
    ],
    [
      'permessage-deflate',
      { serverMaxWindowBits: 9 },
      [9, 15],
      'permessage-deflate; server_max_window_bits=9',
    ],
    [
      'permessage-deflate',
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
      [-15, -15],
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover',
    ],
    ['other, permessage-deflate; x, permessage-deflate', {}, [15, 15], 'permessage-deflate'],
    [
      'permessage-deflate; client_max_window_bits=16, permessage-deflate; client_max_window_bits',
      {},
      [15, 15],
      'permessage-deflate',
    ],
  ] as const) {
    it(`is accepted: '${value}' by ${JSON.stringify(settings)}`, () => {
      const agreement = accept(value, settings);
      expect(short(agreement)).toEqual(expected);
      expect(agreement?.extension).toBe(extension);
      // The client reads the server's answer as the same agreement.
      expect(answer(extension)).toEqual({ ...agreement, extension });
    });
  }

  for (const [value, settings] of [
    ['', {}],
    ['other', {}],
    ['__proto__', {}],
    ['permessage-deflate; unknown', {}],
    ['permessage-deflate; server_max_window_bits', {}],
    ['permessage-deflate; server_max_window_bits=7', {}],
    ['permessage-deflate; client_max_window_bits=99', {}],
    ['permessage-deflate; client_max_window_bits; client_max_window_bits', {}],
    ['permessage-deflate; client_no_context_takeover=1', {}],
    ['permessage-deflate', { clientMaxWindowBits: 10 }],
  ] as const) {
    it(`is declined: '${value}' by ${JSON.stringify(settings)} (RFC 7692 §7)`, () => {
      expect(accept(value, settings)).toBeUndefined();
    });
  }
});
