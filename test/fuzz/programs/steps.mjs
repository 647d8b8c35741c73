// Runs the steps of programs. Each is done by one player, on its own connection or on others.
import { inspect } from 'node:util';
import { lend } from './lending.mjs';
import { laterBy, momentOf, signalOf } from './moments.mjs';
import { OnPurpose } from './on-purpose.mjs';
import { iterate, receiveOnce } from './receiving.mjs';
import { sendStep } from './sending.mjs';
import { giveWrong } from './wrong-calls.mjs';

/**
 * Runs steps. Returns a promise if one of them had to be awaited. `context` says which handler they run in,
 * whether they may throw, and whether the handler has returned.
 */
export function runSteps(player, steps, context) {
  for (let i = 0; i < steps.length && !player.isEnding; i++) {
    const waiting = doStep(player, steps[i], context);
    if (waiting === undefined) continue;
    const rest = steps.slice(i + 1);
    return waiting.then(() => runSteps(player, rest, { ...context, isAsync: true }));
  }
  return undefined;
}

/** Does one step. Returns a promise if it must be awaited. */
export function doStep(player, step, context) {
  switch (step.do) {
    case 'send':
      return sendStep(player, targetsOf(player, step.to), step);
    case 'close':
      return closeStep(player, step);
    case 'await':
      return momentOf(step.how);
    case 'closeServer':
      player.note('closes the server');
      player.world.closeServer();
      return undefined;
    case 'later':
      player.world.running++;
      laterBy(step.how, () => runDetached(player, step.steps));
      return undefined;
    case 'throw':
      return throwOnPurpose(player, context);
    case 'cork':
      return corkStep(player, step, context);
    case 'busy':
      beBusy(step.time);
      return undefined;
    case 'recv':
    case 'iterate':
    case 'lend':
      return player.face === 'async' ? receivingStep(player, step, context) : undefined;
    default:
      for (const target of targetsOf(player, step.to)) callOn(player, target, step);
      return undefined;
  }
}

function targetsOf(player, to) {
  if (to === 'self') return player.ws === undefined ? [] : [player];
  return player.world.playersFor(player, to);
}

function beBusy(time) {
  const until = performance.now() + time;
  while (performance.now() < until);
}

/** Steps that only an async client has. */
function receivingStep(player, step, context) {
  if (step.do === 'recv') return receiveOnce(player, step);
  if (step.do === 'lend') return lend(player, step);
  return iterate(player, step, () => runSteps(player, step.steps, { ...context, isAsync: true }));
}

/** Steps that are one call on one connection. */
function callOn(player, target, step) {
  const { ws, record, state } = target;
  if (target.isControl) return;
  player.note(`${step.do} on ${target.end} (${state})`);
  switch (step.do) {
    case 'terminate':
      if (state !== 'closed') record.wasTerminated = true;
      player.attempt('terminate', () => ws.terminate());
      return;
    case 'pause':
      if (target.face === 'async') return;
      target.isPaused = true;
      if (state === 'closing') record.wasPausedWhileClosing = true;
      player.attempt('pause', () => ws.pause());
      return;
    case 'resume':
      if (target.face === 'async') return;
      target.isPaused = false;
      player.attempt('resume', () => ws.resume());
      return;
    case 'ping':
    case 'pong':
      controlStep(player, target, step);
      return;
    case 'look':
      player.attempt('inspect', () => {
        inspect(ws, { depth: 4 });
        inspect([ws.stats(), ws.remoteAddress, ws.localAddress, ws.bufferedAmount, ws.latency]);
      });
      return;
    default:
      giveWrong(target, step.which, (text) => player.fault(text));
  }
}

/** Sends a ping or a pong. A method returns false if it was not sent; those of an async client throw. */
function controlStep(player, target, step) {
  const { ws, state, face } = target;
  const call = () => ws[step.do](Buffer.alloc(step.size, 'p'));
  if (face === 'async') {
    // The call itself may find that an open connection is lost.
    player.attempt(step.do, () => call()?.catch(() => {}), 'WS_CONNECTION_CLOSED');
    return;
  }
  const result = player.attempt(step.do, call);
  if (typeof result !== 'boolean') player.fault(`${step.do} returns ${inspect(result)}`);
  if (state !== 'open' && result) player.fault(`${step.do} (${state}) returns true`);
}

function closeStep(player, { to, code, isAwaited, abort }) {
  const waiting = [];
  for (const target of targetsOf(player, to)) {
    player.note(`close ${code} on ${target.end} (${target.state})`);
    target.noteClosing();
    if (target.face === 'async') {
      const closed = closeAsync(target, code, signalOf(abort));
      if (isAwaited) waiting.push(closed);
    } else player.attempt('close', () => target.ws.close(code, 'by the program'));
    if (target.state === 'open') player.fault(`${target.end} is open after close`);
  }
  return waiting.length === 0 ? undefined : Promise.all(waiting);
}

function throwOnPurpose(player, { handler, mayThrow }) {
  if (mayThrow) throw new OnPurpose(player.noteThrown(handler), `in ${handler}`);
}

/** Closes an async client, which may give up the closing handshake. */
async function closeAsync(target, code, signal) {
  // A signal that aborts ends the connection at once.
  if (signal !== undefined && target.state !== 'closed') target.record.wasTerminated = true;
  try {
    await target.ws.close(code, 'by the program', signal === undefined ? undefined : { signal });
  } catch (error) {
    const isExpected = signal?.aborted && error.name === 'AbortError';
    if (!isExpected) target.fault(`close is rejected with ${inspect(error)}`);
  }
}

/** Leaves only steps that are not awaited, because those belong into a cork. */
function corkStep(player, { to, steps }, context) {
  const [target] = targetsOf(player, to);
  if (target === undefined || target.face === 'async') return;
  player.note(`cork ${target.end}:`);
  target.ws.cork(() => {
    for (const step of steps) if (step.do !== 'await') doStep(player, step, context);
  });
}

/** Runs steps outside of any handler, where no code would catch their exceptions. */
async function runDetached(player, steps) {
  player.note('later:');
  try {
    await runSteps(player, steps, { handler: 'later', mayThrow: false });
  } finally {
    player.world.running--;
  }
}
