// How the programs of async clients receive.
import { inspect } from 'node:util';
import { signalOf } from './moments.mjs';

/** The errors that a receiving call may end with. */
const EXPECTED = [
  'WS_TIMEOUT',
  'WS_CONNECTION_CLOSED',
  'WS_REMOTE_PROTOCOL',
  'WS_MESSAGES_DROPPED',
  'WS_MESSAGE_TOO_BIG',
];

function checkEnd(player, what, error) {
  player.note(`${what} ends by ${error.code} ${error.message}`);
  if (!EXPECTED.includes(error.code)) player.fault(`${what} is rejected with ${inspect(error)}`);
}

/** Receives a message, or waits for so long. */
export async function receiveOnce(player, { timeout, abort }) {
  const signal = signalOf(abort);
  try {
    player.receive(await player.ws.recv({ timeout, signal }));
  } catch (error) {
    if (signal?.aborted && error.name === 'AbortError') return;
    checkEnd(player, 'recv', error);
  }
}

/** Iterates over some messages, for so long, and runs `body` for each. Some calls of `next` are made ahead. */
export async function iterate(player, { count, timeout, ahead }, body) {
  const enough = new Promise((resolve) => setTimeout(resolve, timeout));
  const iterator = player.ws[Symbol.asyncIterator]();
  const asked = [];
  try {
    for (let left = count; left > 0; left--) {
      while (asked.length < ahead) asked.push(iterator.next());
      const isInTime = await Promise.race([asked[0].then(yes, yes), enough]);
      if (!isInTime) return;
      const isMessage = await take(player, asked.shift());
      if (!isMessage) return;
      await body();
    }
  } finally {
    const ended = iterator.return();
    // The end of the iteration settles the calls of `next` that wait. Messages that they got are used here.
    for (const next of asked) await take(player, next);
    await ended;
  }
}

function yes() {
  return true;
}

/** Takes a result of an iterator. Returns whether it is a message. */
async function take(player, next) {
  try {
    const { done, value } = await next;
    if (done) player.note('the iteration ends');
    else player.receive(value);
    return !done;
  } catch (error) {
    checkEnd(player, 'the iteration', error);
    return false;
  }
}

/** Receives all messages that are left, to the end. */
export async function drain(player) {
  for (;;) {
    try {
      player.receive(await player.ws.recv());
    } catch (error) {
      if (!EXPECTED.includes(error.code)) player.fault(`recv is rejected with ${inspect(error)}`);
      player.noteEnd(error);
      return;
    }
  }
}
