// Properties that are tested with the endpoints and pairs of the core's tests. Properties of arbitrary
// bytes are fuzz targets.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/protocol/session-options.ts';
import { openEndpoint } from '../support/endpoint.ts';
import { concat, type FrameFields, frame, KEY } from '../support/frames.ts';
import { Pair } from '../support/pair.ts';

const ROLES: readonly Role[] = ['client', 'server'];

const role = fc.constantFrom(...ROLES);

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
