// Judges a case by the reports of its programs and its peers, and says which links have a fault.

import { NESTED } from './payloads.mjs';

/** Milliseconds in which every client gets its answer. */
const RUN_TIME = 400;

/** Whether the player was told that its connection may have lost something. */
function isLossTold({ errors, closed, wasTerminated }) {
  return errors.length > 0 || wasTerminated || closed === undefined || closed.code === 1006;
}

function sameMessage(entry, message) {
  if (message.number === undefined) return entry.isEmpty && entry.isText === message.isText;
  return entry.number === message.number && entry.isText === message.isText;
}

/** Compares the messages that arrived with those that were given. Returns what is missing, and what is wrong. */
function align(ledger, received) {
  const missing = [];
  const faults = [];
  let at = 0;
  for (const message of received) {
    if (message.fault !== undefined || message.number === NESTED) continue;
    let found = at;
    while (found < ledger.length && !sameMessage(ledger[found], message)) found++;
    if (found === ledger.length) {
      faults.push(`message #${message.number} came twice, out of order, or was never sent`);
      continue;
    }
    missing.push(...ledger.slice(at, found).map((entry) => ({ ...entry, isGap: true })));
    const { outcome, number } = ledger[found];
    if (outcome === 'refused' || outcome === 'failing') {
      faults.push(`message #${number} came, although its send was ${outcome}`);
    }
    at = found + 1;
  }
  missing.push(...ledger.slice(at));
  const isOwed = ({ outcome, isAborted }) => outcome === 'accepted' && !isAborted;
  const owed = missing.filter(isOwed);
  // Messages after one that is produced later wait for it.
  const isLate = missing.slice(0, missing.indexOf(owed[0]) + 1).some((entry) => entry.isLate);
  return { missing: owed, isLate, faults };
}

/** Checks that a receiver got the messages whose send was accepted. */
function judgeDelivery(sender, receiver, excuse, fault) {
  for (const message of receiver.received) if (message.fault !== undefined) fault(message.fault);
  const { missing, isLate, faults } = align(sender.ledger, receiver.received);
  const name = `from ${sender.end}`;
  for (const text of faults) fault(`${name}: ${text}`);
  const [first] = missing;
  if (first === undefined) return;
  if (first.isGap) fault(`${name}: message #${first.number} is missing before others`);
  else if (!excuse({ isLate })) {
    fault(
      `${name}: message #${first.number} and ${missing.length - 1} more are lost without a word`,
    );
  }
}

/** Makes a function that says whether a sender's messages may be lost without a fault. */
function excuseOfSender(player, isPeersClose) {
  // A message that was not ready when the peer closed could not leave.
  return ({ isLate }) => isLossTold(player) || (isPeersClose && isLate);
}

/** Makes a function that says whether a receiver may miss messages without a fault. */
function excuseOfReceiver(player, isTold) {
  // A connection that is closed while it is paused drops what arrives later. Its error handler is told so.
  const isDropped = player.wasPausedWhileClosing && !isTold;
  return () => isLossTold(player) || player.hasThrown || isDropped;
}

class Case {
  faults = [];
  #input;
  #report;
  #players;
  #peers;
  /** Clients that were refused because a hook had a fault. */
  #refused = 0;

  constructor(input, { report, peers, control, failure }) {
    this.#input = input;
    this.#report = report;
    this.#peers = new Map(peers.map((record) => [record.end, record]));
    if (failure !== undefined) this.#fault('-', failure);
    for (const { end, faults } of peers) {
      for (const text of faults) this.#fault(end, `the peer sees ${text}`);
    }
    for (const text of control?.faults ?? []) this.#fault('-', text);
    if (report === undefined) return;
    for (const code of report.isClosedByProgram ? [] : control.closings) {
      this.#fault('-', `the control connection is closed with ${code}`);
    }
    this.#players = new Map(report.players.map((record) => [record.end, record]));
    this.#judgeReport();
    for (const player of this.#players.values()) {
      if (player.hasOpened && player.closed === undefined) {
        this.#fault(player.end, 'close is never told');
      }
    }
    for (const [index, link] of input.links.entries()) this.#judgeLink(index, link);
    const { told } = this.#report;
    if (input.server.hasErrorOption && told.length < this.#refused) {
      this.#fault('-', `${this.#refused} hooks failed and ${told.length} faults were told`);
    }
    const broadcast = this.#players.get('control-s');
    judgeDelivery(
      broadcast,
      control,
      () => false,
      (text) => this.#fault('-', text),
    );
  }

  #fault(end, text) {
    this.faults.push({ end, text });
  }

  #judgeReport() {
    const { faults, uncaught, early, left, thrown, warnings } = this.#report;
    this.faults.push(...faults);
    for (const text of [...early, ...uncaught]) this.#fault('-', text);
    if (left.length > 0) this.#fault('-', `is left behind: ${left.join(', ')}`);
    for (const record of thrown) this.#judgeThrown(record);
    this.#judgePromises();
    for (const { name, code, text } of warnings) {
      const { hasErrorOption, faultOfErrorOption } = this.#input.server;
      const isDue = hasErrorOption ? faultOfErrorOption !== 'none' : code === 'WS_FAULT_REQUEST';
      if (name !== 'WirespeedWarning' || !isDue) this.#fault('-', `warning: ${name} ${text}`);
    }
  }

  /** An exception of a program must be reported where that is possible; only otherwise may it be uncaught. */
  #judgeThrown({ end, handler, told, isFaulty, isPromise }) {
    if (handler === 'main' || isPromise || (handler === 'request' && !isFaulty)) return;
    const isUncaught = told.includes('uncaught');
    const times = told.filter((where) => where !== 'handler').length;
    const { hasErrorOption } = this.#input.server;
    const isServer = end.endsWith('s');
    if (isUncaught && (handler === 'request' || (isServer && hasErrorOption))) {
      this.#fault(end, `an exception in ${handler} is uncaught, although it need not be`);
    }
    // A hook may throw a value that is no error of the case, or run for a client that has gone.
    if (handler === 'request') return;
    if (times !== 1) this.#fault(end, `an exception in ${handler} is told ${times} times`);
  }

  /** A handler that gets views and returns a promise is a fault, which is reported as its exceptions are. */
  #judgePromises() {
    const { thrown, promises } = this.#report;
    const { hasErrorOption } = this.#input.server;
    const due = { option: 0, uncaught: 0 };
    for (const { end, isPromise } of thrown) {
      if (!isPromise) continue;
      due[end.endsWith('s') && hasErrorOption ? 'option' : 'uncaught']++;
    }
    for (const [where, count] of Object.entries(due)) {
      if (promises[where] === count) continue;
      this.#fault(
        '-',
        `promises of handlers with views: ${count} due, ${promises[where]} ${where}`,
      );
    }
  }

  #judgeLink(index, { kind, hook }) {
    const ends = { s: `${index}s`, c: `${index}c` };
    if (kind === 'both') {
      this.#judgeBetween(this.#players.get(ends.s), this.#players.get(ends.c));
      this.#judgeBetween(this.#players.get(ends.c), this.#players.get(ends.s));
    } else {
      const [ours, theirs] = kind === 'accept' ? [ends.s, ends.c] : [ends.c, ends.s];
      const peer = this.#peers.get(theirs);
      if (peer !== undefined) this.#judgeWithPeer(this.#players.get(ours), peer);
    }
    if (hook !== undefined && this.#input.server.hasHook) this.#judgeHook(index, kind, hook);
  }

  #judgeBetween(sender, receiver) {
    const isPeersClose = !sender.hasClosedFirst || receiver.hasClosedFirst;
    const excuses = [
      excuseOfSender(sender, isPeersClose),
      excuseOfReceiver(receiver, this.#isTold(receiver)),
    ];
    judgeDelivery(
      sender,
      receiver,
      (loss) => excuses.some((excuse) => excuse(loss)),
      (text) => this.#fault(sender.end, text),
    );
  }

  #judgeWithPeer(player, peer) {
    const anything = () => true;
    const toPeer = peer.isGood
      ? excuseOfSender(player, peer.hasClosedFirst || !player.hasClosedFirst)
      : anything;
    judgeDelivery(player, peer, toPeer, (text) => this.#fault(player.end, text));
    if (!peer.isGood || !peer.hasOpened) return;
    const excuse = excuseOfReceiver(player, this.#isTold(player));
    judgeDelivery(peer, player, excuse, (text) => this.#fault(player.end, text));
    this.#judgeClose(player, peer);
  }

  /** After an orderly close, or a failure by a handler, both ends must be told the same. */
  #judgeClose(player, peer) {
    const { end, closed, errors, wasTerminated, hasClosedFirst } = player;
    if (closed === undefined || wasTerminated) return;
    if (errors.length === 0) {
      const { sentClose } = peer;
      const expected = sentClose === undefined ? 1006 : sentClose === 0 ? 1005 : sentClose;
      // If the player has no error handler, 1006 is all that it is told of a failure.
      const isFailure = closed.code === 1006 && !this.#isTold(player);
      if (closed.code !== expected && !isFailure) {
        this.#fault(end, `is told the close code ${closed.code}, where ${expected} was sent`);
      }
      return;
    }
    const isOurs = errors[0].startsWith('WS_HANDLER') && !hasClosedFirst && !peer.hasClosedFirst;
    // A client without masking keys cannot write a close frame.
    const canWrite = (this.#linkOf(end).client?.masking ?? 'right') === 'right';
    if (isOurs && canWrite && !peer.isSlow && peer.closed?.code !== 1011) {
      this.#fault(end, `fails by a handler, and its peer is told ${peer.closed?.code}, not 1011`);
    }
  }

  /** Whether a program is told why its connection failed. */
  #isTold({ end, face }) {
    if (face === 'server') return this.#input.server.hasErrorHandler;
    return face !== 'events' || this.#linkOf(end).client.hasErrorHandler;
  }

  #linkOf(end) {
    return this.#input.links[Number.parseInt(end, 10)];
  }

  /** A request whose hook fails must be answered with 500, and the fault reported. */
  #judgeHook(index, kind, { answer }) {
    const end = `${index}s`;
    const isFaulty = answer.do === 'throw' || answer.do === 'nonsense';
    const expected = isFaulty ? 500 : answer.do === 'refuse' ? 403 : undefined;
    if (expected === undefined) return;
    const peer = this.#peers.get(`${index}c`);
    if (kind === 'accept' && !peer.isGood) return;
    const status = kind === 'accept' ? peer.status : this.#players.get(`${index}c`).refusal?.status;
    // A server that is closing meanwhile sends no answer.
    const isEnding = this.#input.time < RUN_TIME || this.#report.isClosedByProgram;
    if (isEnding && (status === undefined || status === 503)) return;
    if (status !== expected) {
      this.#fault(
        end,
        `the hook (${JSON.stringify(answer)}) is answered with ${status}, not ${expected}`,
      );
    }
    if (isFaulty) this.#refused++;
  }
}

/** Returns the faults of a case, each with the end of the connection where it was found. */
export function judge(input, outcome) {
  return new Case(input, outcome).faults;
}
