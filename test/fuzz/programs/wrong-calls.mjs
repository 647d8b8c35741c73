// Calls with wrong arguments. Each must throw, or be rejected with, a TypeError or a RangeError, and must do
// nothing else.
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

/** Makes one of these calls on a connection, and reports what is wrong about its outcome. */
export function giveWrong({ ws, state, face }, which, fault) {
  const [what, call] = CALLS[which];
  const check = (error) => {
    // A connection that is not open may check its state before the argument.
    const isAllowed = state !== 'open' && error?.code === 'WS_CONNECTION_CLOSED';
    if (!isRight(error) && !isAllowed) fault(`${what} fails with ${inspect(error)}`);
  };
  try {
    const result = call(ws);
    if (face === 'async' && result instanceof Promise) {
      result.then(() => state === 'open' && fault(`${what} is fulfilled`), check);
      return;
    }
    // A connection that has too much to send may report that before it checks the argument.
    const isRefused = state !== 'open' || (result === false && ws.bufferedAmount > 0);
    if (!isRefused) fault(`${what} returns ${inspect(result)}`);
  } catch (error) {
    check(error);
  }
}
