// The sends of programs. Each is recorded with what its caller is told about it.
import { inspect } from 'node:util';
import { materialOf, traitsOf } from './material.mjs';
import { signalOf } from './moments.mjs';

/** Sends a step's messages on each of the connections. Returns a promise if they are awaited. */
export function sendStep(player, targets, step) {
  const waiting = [];
  for (const target of targets) {
    const message = target.isControl ? modest(step) : step;
    for (let i = 0; i < step.times; i++) {
      const sent = send(player, target, message);
      if (sent !== undefined) waiting.push(sent);
    }
  }
  return waiting.length === 0 ? undefined : Promise.all(waiting);
}

/** Changes a message so that it does no harm to a healthy connection. */
function modest({ form, size, ...others }) {
  return { ...others, form: traitsOf(form).fails ? 'source' : form, size: Math.min(size, 200) };
}

function send(player, target, { form, size, compress, isAwaited, abort }) {
  const { end, face, record, ws } = target;
  const number = record.ledger.length;
  const what = `send #${number} (${form} ${size}${compress ? '' : ', raw'}) on ${end}`;
  const { isText, isLate, fails } = traitsOf(form);
  const isEmpty = size === 0;
  // Compressed messages leave later, too.
  const entry = { number, isText, isEmpty, isLate: isLate || compress, outcome: 'refused' };
  record.ledger.push(entry);
  const { data, options, spoil, source } = materialOf({
    channel: end,
    number,
    form,
    size,
    compress,
  });
  if (source !== undefined) target.sources.push({ number, source });
  const signal = face === 'async' ? signalOf(abort) : undefined;
  if (signal !== undefined) Object.assign(options, { signal });
  entry.isAborted = signal !== undefined;
  const { state } = target;
  let result;
  try {
    result = ws.send(data, options);
  } catch (error) {
    player.fault(`${what} (${state}) throws ${inspect(error)}`);
    return undefined;
  }
  spoil();
  player.note(`${what} (${state}): ${result}`);
  if (state === 'open') entry.outcome = fails ? 'failing' : 'accepted';
  if (face === 'async') {
    // A promise that is not awaited gets no handler: its rejection must not end the process.
    return isAwaited ? settled(target, entry, result) : undefined;
  }
  if (typeof result !== 'boolean') player.fault(`${what} returns ${inspect(result)}`);
  if (state !== 'open' && result !== false) player.fault(`${what} (${state}) returns true`);
  return undefined;
}

/** Waits for the outcome of an async client's send. */
async function settled(target, entry, promise) {
  const { outcome, number } = entry;
  entry.outcome = 'pending';
  try {
    await promise;
    entry.outcome = outcome;
    if (outcome !== 'accepted') target.fault(`send #${number} is fulfilled, although ${outcome}`);
  } catch (error) {
    target.note(`send #${number} is rejected: ${error.message}`);
    entry.outcome = outcome === 'accepted' ? 'lost' : outcome;
    const isExpected =
      error.code === 'WS_CONNECTION_CLOSED' ||
      outcome === 'failing' ||
      (entry.isAborted && error.name === 'AbortError');
    if (!isExpected) target.fault(`send #${number} is rejected with ${inspect(error)}`);
  }
}
