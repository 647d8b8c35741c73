// Properties that hold for any bytes at all: of a stranger, of a peer that is nearly right, and
// of a peer that is right.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/protocol/session-options.ts';
import { Endpoint, type EndpointOptions, openEndpoint } from '../support/endpoint.ts';
import { concat, type FrameFields, frame, KEY } from '../support/frames.ts';
import { request, response } from '../support/handshakes.ts';
import { Pair } from '../support/pair.ts';

const ROLES: readonly Role[] = ['client', 'server'];

type Make = (role: Role, options?: EndpointOptions) => Endpoint;

const role = fc.constantFrom(...ROLES);
const splits = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });

/** Frames that are right more often than not. */
const fields: fc.Arbitrary<FrameFields> = fc.record({
  opcode: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(0, 1, 2, 8, 9, 10) },
    { weight: 1, arbitrary: fc.nat(15) },
  ),
  payload: fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => new TextEncoder().encode(text)),
    fc.uint8Array({ maxLength: 200 }),
  ),
  isFinal: fc.oneof(
    { weight: 3, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.boolean() },
  ),
  rsv: fc.oneof({ weight: 30, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(7) }),
});

/** A stream of such frames for a role, sometimes with a few bytes changed. */
function frames(receiver: Role): fc.Arbitrary<Uint8Array> {
  const key = receiver === 'server' ? KEY : undefined;
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 });
  return fc.tuple(fc.array(fields, { maxLength: 8 }), changes).map(([list, damage]) => {
    const stream = concat(...list.map((each) => frame({ key, ...each })));
    return damaged(stream, damage);
  });
}

function damaged(bytes: Uint8Array, damage: readonly (readonly [number, number])[]): Uint8Array {
  const changed = bytes.slice();
  for (const [at, byte] of damage) {
    if (changed.length > 0) changed[at % changed.length] = byte;
  }
  return changed;
}

/** Feeds a stream in pieces of those sizes, over and over. */
function feed(end: Endpoint, stream: Uint8Array, sizes: readonly number[]): void {
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length] as number;
    end.receive(stream.subarray(at, at + size));
    at += size;
  }
}

/** What may come of anything: no exception, one failure at most, an end that comes when it must. */
function expectOrder(end: Endpoint): void {
  expect(['connecting', 'open', 'closing', 'closed']).toContain(end.session.state);
  const { events } = end;
  end.session.receiveEof(1);
  expect(end.session.state).toBe('closed');
  expect(events.filter((event) => event === 'closed')).toHaveLength(1);
  expect(events.at(-1)).toBe('closed');
  const failures = events.filter((event) => event.startsWith('failure'));
  expect(failures.length).toBeLessThanOrEqual(1);
  // Nothing of the peer is told after the failure.
  const after = failures[0] === undefined ? [] : events.slice(events.indexOf(failures[0]) + 1);
  expect(after.filter((event) => event !== 'shutdown' && event !== 'closed')).toEqual([]);
  end.receive(new Uint8Array(100));
  expect(events.at(-1)).toBe('closed');
}

/** Checks a stream at once, in pieces and byte by byte: the same events and the same answer. */
function expectSame(
  make: Make,
  receiver: Role,
  stream: Uint8Array,
  sizes: readonly number[],
): void {
  for (const deliversFrames of [false, true]) {
    const whole = make(receiver, { deliversFrames });
    whole.receive(stream);
    const sent = whole.sent();
    const { state } = whole.session;
    expectOrder(whole);
    for (const pieces of [sizes, [1]]) {
      const split = make(receiver, { deliversFrames });
      feed(split, stream, pieces);
      expect(split.session.state).toBe(state);
      expect(split.sent()).toEqual(sent);
      expectOrder(split);
      expect(split.events).toEqual(whole.events);
    }
  }
}

const newEndpoint: Make = (receiver, options) => {
  const end = new Endpoint(receiver, options);
  end.sent();
  return end;
};

describe('any bytes', () => {
  it('to an open session end in a documented state, the same at any split', () => {
    fc.assert(
      fc.property(role, fc.uint8Array({ maxLength: 300 }), splits, (receiver, stream, sizes) =>
        expectSame(openEndpoint, receiver, stream, sizes),
      ),
      { numRuns: 300 },
    );
  });

  it('in frames that are nearly right end in a documented state, the same at any split', () => {
    const cases = role.chain((receiver) =>
      fc.tuple(fc.constant(receiver), frames(receiver), splits),
    );
    fc.assert(
      fc.property(cases, ([receiver, stream, sizes]) =>
        expectSame(openEndpoint, receiver, stream, sizes),
      ),
      { numRuns: 500 },
    );
  });

  it('instead of an opening handshake end in a documented state, the same at any split', () => {
    const text = fc.array(
      fc.oneof(
        fc.constantFrom(
          '\r\n',
          '\r\n\r\n',
          ': ',
          ',',
          'HTTP/1.1 ',
          'GET / ',
          '101',
          '200',
          'Upgrade',
        ),
        fc.string({ maxLength: 8 }),
      ),
    );
    const bytes = fc.oneof(
      text.map((words) => new TextEncoder().encode(words.join(''))),
      fc.uint8Array({ maxLength: 300 }),
    );
    fc.assert(
      fc.property(role, bytes, splits, (receiver, stream, sizes) =>
        expectSame(newEndpoint, receiver, stream, sizes),
      ),
      { numRuns: 300 },
    );
  });

  it('in an opening handshake that is nearly right, with frames after it, end so too', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
    const cases = role.chain((receiver) =>
      fc.tuple(fc.constant(receiver), damage, frames(receiver), splits),
    );
    fc.assert(
      fc.property(cases, ([receiver, changes, rest, sizes]) => {
        const right = receiver === 'client' ? response() : request();
        expectSame(newEndpoint, receiver, concat(damaged(right, changes), rest), sizes);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a session paused after every event', () => {
  it('is told the same as one that never is', () => {
    const cases = role.chain((receiver) => fc.tuple(fc.constant(receiver), frames(receiver)));
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 400 }), ([receiver, stream], size) => {
        const steady = openEndpoint(receiver);
        steady.receive(stream);
        const paused = openEndpoint(receiver, {
          onEvent: (end) => {
            end.session.isPaused = true;
          },
        });
        for (let at = 0; at < stream.length; at += size) {
          let rest = stream.slice(at, at + size);
          while (rest.length > 0) {
            const read = paused.session.receive(rest, 0, rest.length, 0);
            rest = rest.subarray(read);
            paused.session.isPaused = false;
          }
        }
        expect(paused.events).toEqual(steady.events);
        expect(paused.sent()).toEqual(steady.sent());
      }),
      { numRuns: 300 },
    );
  });
});

describe('any messages', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 300 });
  const words = fc.array(
    fc.oneof(
      text.map((said) => ({ said: [said], isText: true })),
      fc.array(text, { minLength: 1, maxLength: 4 }).map((said) => ({ said, isText: true })),
      fc.uint8Array({ maxLength: 500 }).map((said) => ({ said: [said], isText: false })),
      fc
        .array(fc.uint8Array(), { minLength: 1, maxLength: 4 })
        .map((said) => ({ said, isText: false })),
    ),
    { maxLength: 8 },
  );

  it('arrive at the other end as they were sent, in any pieces', () => {
    const split = fc.integer({ min: 1, max: 600 });
    fc.assert(
      fc.property(role, words, split, (sender, messages, size) => {
        const pair = new Pair({ split: size });
        pair.settle();
        const from = pair[sender];
        const to = sender === 'client' ? pair.server : pair.client;
        to.takeEvents();
        const expected = messages.map(({ said, isText }) => {
          said.forEach((part, i) => {
            from.session.sendFragment(part, isText, i === said.length - 1);
          });
          const bytes = Buffer.concat(said.map((part) => Buffer.from(part as string)));
          return isText ? `text:${bytes.toString()}` : `binary:${bytes.toString('hex')}`;
        });
        from.session.close(1000, '', pair.now);
        pair.settle();
        const isServer = to.role === 'server';
        expect(to.events).toEqual([...expected, ...(isServer ? ['shutdown'] : []), 'closed']);
        expect(to.session.wasClean).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
