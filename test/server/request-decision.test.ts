import { expect, it } from 'vitest';
import type { UpgradeRequest } from '../../src/protocol/opening/server.ts';
import { checkDecision, type RequestDecision } from '../../src/server/request-decision.ts';

const REQUEST = { protocols: ['chat', 'talk'] } as unknown as UpgradeRequest;

function check(decision: unknown) {
  return checkDecision(decision as RequestDecision<unknown>, REQUEST, ['talk', 'chat']);
}

it('undefined or an empty object accepts with the first supported subprotocol that is offered', () => {
  for (const decision of [undefined, {}, { status: undefined }]) {
    expect(check(decision)).toEqual({
      refusal: undefined,
      protocol: 'talk',
      headers: [],
      data: undefined,
    });
  }
});

it.each<[string, unknown, RegExp]>([
  ['true', true, /must return an object or nothing, not the boolean true/],
  ['false', false, /must return an object or nothing/],
  ['null', null, /must return an object or nothing, not null/],
  ['a status alone', 403, /must return an object or nothing, not the number 403/],
  ['a status that is mistyped', { statusCode: 403 }, /unknown 'statusCode'; there are status, /],
  ['an answer of http', new Response('no', { status: 403 }), /body of a refusal must be a string/],
  ['a status that is text', { status: '403' }, /status of a refusal must be from 300 to 599/],
  ['a status that upgrades', { status: 101 }, /status of a refusal must be from 300 to 599/],
  [
    'a body that is no text',
    { status: 403, body: { error: 'no' } },
    /body of a refusal must be a string, not an object/,
  ],
  [
    'a body of bytes',
    { status: 403, body: Buffer.from('no') },
    /must be a string, not an instance of Buffer/,
  ],
  ['headers that are none', { headers: 5 }, /headers must be an object/],
  ['a header that is given twice', { headers: { Server: ['a', 'b'] } }, /is given twice/],
  [
    'a subprotocol that was not offered',
    { protocol: 'other' },
    /chose the subprotocol 'other', which the client does not offer/,
  ],
  ['a subprotocol that is no text', { protocol: 5 }, /does not offer/],
])('a decision that is %s cannot be carried out', (_, decision, message) => {
  expect(() => check(decision)).toThrow(message);
});
