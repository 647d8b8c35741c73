// How the programs of async clients receive.
import { inspect } from 'node:util';
import { OnPurpose } from './on-purpose.mjs';

/** What a receiving call may end with, besides a message. */
const EXPECTED = ['WS_TIMEOUT', 'WS_CONNECTION_CLOSED', 'WS_REMOTE_PROTOCOL', 'WS_MESSAGE_TOO_BIG'];

function checkEnd(player, what, error) {
  player.note(`${what} ends by ${error.code} ${error.message}`);
  if (!EXPECTED.includes(error.code)) player.fault(`${what} is rejected with ${inspect(error)}`);
}

/** Receives a message, for so long. */
export async function receiveOnce(player, { timeout }) {
  try {
    player.receive(await player.ws.recv({ timeout }));
  } catch (error) {
    checkEnd(player, 'recv', error);
  }
}

/** Iterates over some messages, for so long, and runs `body` for each. */
export async function iterate(player, { count, timeout }, body) {
  const enough = new Promise((resolve) => setTimeout(resolve, timeout));
  const iterator = player.ws[Symbol.asyncIterator]();
  try {
    for (let left = count; left > 0; left--) {
      const next = iterator.next();
      const result = await Promise.race([next, enough]);
      if (result === undefined) {
        // The end of the iteration settles it, at the latest.
        next.then(({ done, value }) => done || player.receive(value), ignore);
        return;
      }
      if (result.done) {
        player.note('the iteration ends');
        return;
      }
      player.receive(result.value);
      await body();
    }
  } catch (error) {
    if (error instanceof OnPurpose) throw error;
    checkEnd(player, 'the iteration', error);
  } finally {
    await iterator.return();
  }
}

/** Receives all that is left, to the end. */
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

function ignore() {}
