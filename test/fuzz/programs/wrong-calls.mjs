// Calls with wrong arguments: each must throw, or be rejected with, a TypeError or a RangeError, and
// do nothing else.
import { inspect } from 'node:util';

const CALLS = [
  ['send(42)', (ws) => ws.send(42)],
  ['send({})', (ws) => ws.send({})],
  ['send(null)', (ws) => ws.send(null)],
  ['send()', (ws) => ws.send()],
  ['send of bytes that are no text', (ws) => ws.send(Uint8Array.of(0xff), { text: true })],
  ['ping(42)', (ws) => ws.ping(42)],
  ['ping of 126 bytes', (ws) => ws.ping(new Uint8Array(126))],
  ['close(999)', (ws) => ws.close(999)],
  ['close with a long reason', (ws) => ws.close(1000, 'x'.repeat(124))],
  ['close with 1005', (ws) => ws.close(1005)],
  ['send([42])', (ws) => ws.send([42])],
  ['send of mixed pieces', (ws) => ws.send(['text', new Uint8Array(1)])],
  ['send of a String', (ws) => ws.send(Object('text'))],
  ['send with a wrong signal', (ws) => ws.send('text', { signal: {} })],
];

export const CALL_COUNT = CALLS.length;

function isRight(error) {
  return (
    error instanceof TypeError || error instanceof RangeError || error?.code === 'WS_LOCAL_PROTOCOL'
  );
}

/** Makes one of these calls on a connection, and tells what is wrong about its end. */
export function giveWrong({ ws, state, face }, which, fault) {
  const [what, call] = CALLS[which];
  const check = (error) => {
    // Whether a connection that is not open looks at the argument first is left to it.
    const isAllowed = state !== 'open' && error?.code === 'WS_CONNECTION_CLOSED';
    if (!isRight(error) && !isAllowed) fault(`${what} fails with ${inspect(error)}`);
  };
  try {
    const result = call(ws);
    if (face === 'async' && result instanceof Promise) {
      result.then(() => state === 'open' && fault(`${what} is fulfilled`), check);
      return;
    }
    // Nor does one that has too much to send look at it.
    const isRefused = state !== 'open' || (result === false && ws.bufferedAmount > 0);
    if (!isRefused) fault(`${what} returns ${inspect(result)}`);
  } catch (error) {
    check(error);
  }
}
