// Lends a connection of the async client to blocking calls for a while.
import { inspect } from 'node:util';
import { toAsync, toSync } from 'wirespeed/sync';
import { payloadOf } from './payloads.mjs';

/** How long a call may block, in milliseconds: nothing else runs meanwhile. */
const CALL_TIMEOUT = 20;
/** The errors with which lending may be refused, or a call may end. */
const EXPECTED = [
  'WS_CONCURRENCY',
  'WS_CONNECTION_CLOSED',
  'WS_MESSAGES_DROPPED',
  'WS_MESSAGE_TOO_BIG',
  'WS_REMOTE_PROTOCOL',
  'WS_SYNC_UNSUPPORTED',
  'WS_TIMEOUT',
];

/** Makes some blocking calls, and gives the connection back. */
export function lend(player, { calls, size }) {
  const blocking = attempt(player, 'toSync', () => toSync(player.ws));
  if (blocking === undefined) return;
  for (const call of calls) {
    if (call === 'send') send(player, blocking, size);
    else if (call === 'recv') {
      const message = attempt(player, 'blocking recv', () =>
        blocking.recv({ timeout: CALL_TIMEOUT }),
      );
      if (message !== undefined) player.receive(message);
    } else attempt(player, 'blocking ping', () => blocking.ping('p', { timeout: CALL_TIMEOUT }));
  }
  const back = attempt(player, 'toAsync', () => toAsync(blocking));
  if (back !== player.ws) player.fault('toAsync returns another connection');
}

function send(player, blocking, size) {
  const { end, record } = player;
  const number = record.ledger.length;
  const entry = { number, isText: true, isEmpty: size === 0, isLate: false, outcome: 'lost' };
  record.ledger.push(entry);
  attempt(player, `blocking send #${number} (${size})`, () => {
    try {
      blocking.send(payloadOf(end, number, true, size), { timeout: CALL_TIMEOUT });
      entry.outcome = 'accepted';
    } catch (error) {
      // A message that has not left in time leaves later.
      if (error.code === 'WS_TIMEOUT') entry.outcome = 'accepted';
      throw error;
    }
  });
}

function attempt(player, what, call) {
  try {
    const result = call();
    player.note(what);
    return result;
  } catch (error) {
    player.note(`${what}: ${error.code} ${error.message}`);
    if (!EXPECTED.includes(error.code)) player.fault(`${what} throws ${inspect(error)}`);
    return undefined;
  }
}
