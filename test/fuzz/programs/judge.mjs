// Judges a case by what its programs and its peers report, and tells which links have a fault.

/** Milliseconds in which everybody is answered. */
const RUN_TIME = 400;

/** Whether the end was told as one that may have lost something. */
function isLossTold({ errors, closed, wasTerminated }) {
  return errors.length > 0 || wasTerminated || closed === undefined || closed.code === 1006;
}

function sameMessage(entry, message) {
  if (message.number === undefined) return entry.isEmpty && entry.isText === message.isText;
  return entry.number === message.number && entry.isText === message.isText;
}

/** Puts what came beside what was given; returns what is missing, and what is wrong. */
function align(ledger, received) {
  const missing = [];
  const faults = [];
  let at = 0;
  for (const message of received) {
    if (message.fault !== undefined) continue;
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
  return { missing: missing.filter(isOwed), faults };
}

/** What a receiver must have got of what was accepted. */
function judgeDelivery(sender, receiver, excuse, fault) {
  for (const message of receiver.received) if (message.fault !== undefined) fault(message.fault);
  const { missing, faults } = align(sender.ledger, receiver.received);
  const name = `from ${sender.end}`;
  for (const text of faults) fault(`${name}: ${text}`);
  const [first] = missing;
  if (first === undefined) return;
  if (first.isGap) fault(`${name}: message #${first.number} is missing before others`);
  else if (!excuse(first)) {
    fault(
      `${name}: message #${first.number} and ${missing.length - 1} more are lost without a word`,
    );
  }
}

/** May a player have lost what the end it was told leaves open? */
function excuseOfSender(player, isPeersClose) {
  return (first) => {
    if (isLossTold(player)) return true;
    // What was not ready when the peer closed never could leave.
    return isPeersClose && first.isLate;
  };
}

function excuseOfReceiver(player) {
  return () => isLossTold(player) || player.hasThrown || player.wasPausedWhileClosing;
}

class Case {
  faults = [];
  #input;
  #report;
  #players;
  #peers;

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
    this.#players = new Map(report.players.map((record) => [record.end, record]));
    this.#judgeReport();
    for (const player of this.#players.values()) {
      if (player.hasOpened && player.closed === undefined) {
        this.#fault(player.end, 'close is never told');
      }
    }
    for (const [index, link] of input.links.entries()) this.#judgeLink(index, link);
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
    const { faults, uncaught, early, left } = this.#report;
    this.faults.push(...faults);
    for (const text of [...early, ...uncaught]) this.#fault('-', text);
    if (left.length > 0) this.#fault('-', `is left behind: ${left.join(', ')}`);
    for (const record of this.#report.thrown) this.#judgeThrown(record);
  }

  /** What a program throws is told where it can be, and ends the process only where it cannot. */
  #judgeThrown({ end, handler, told, isFaulty }) {
    const isServer = end.endsWith('s');
    if (handler === 'main' || handler === 'later') return;
    if (handler === 'request' && !isFaulty) return;
    const { hasErrorOption } = this.#input.server;
    const isUncaught = told.includes('uncaught');
    if (isServer && hasErrorOption) {
      if (isUncaught)
        this.#fault(end, `an exception in ${handler} is uncaught, despite the option 'error'`);
      if (handler !== 'request' && !told.includes('option')) {
        this.#fault(end, `an exception in ${handler} is not told to the option 'error'`);
      }
      return;
    }
    if (isServer && handler === 'request') {
      if (isUncaught) this.#fault(end, 'an exception in the request hook is uncaught');
      return;
    }
    if (isServer) {
      if (!isUncaught) this.#fault(end, `an exception in ${handler} is not seen`);
      return;
    }
    const link = this.#input.links[Number.parseInt(end, 10)];
    const isTold = link.client.hasErrorHandler && !['error', 'close'].includes(handler);
    if (told.length === 0) this.#fault(end, `an exception in ${handler} is not seen`);
    if (isTold && isUncaught) {
      this.#fault(end, `an exception in ${handler} is uncaught, despite the handler 'error'`);
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
    const isPeersClose = !sender.hasClosedFirst;
    const excuses = [excuseOfSender(sender, isPeersClose), excuseOfReceiver(receiver)];
    judgeDelivery(
      sender,
      receiver,
      (first) => excuses.some((excuse) => excuse(first)),
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
    judgeDelivery(peer, player, excuseOfReceiver(player), (text) => this.#fault(player.end, text));
    this.#judgeClose(player, peer);
  }

  /** Both ends of an orderly close, or of a failure of ours, are told the same. */
  #judgeClose(player, peer) {
    const { end, closed, errors, wasTerminated, hasClosedFirst } = player;
    if (closed === undefined || wasTerminated) return;
    if (errors.length === 0) {
      const { sentClose } = peer;
      const expected = sentClose === undefined ? 1006 : sentClose === 0 ? 1005 : sentClose;
      // Where nobody is told of a failure, that code is all there is to tell of it.
      const isFailure = closed.code === 1006 && !this.#isTold(player);
      if (closed.code !== expected && !isFailure) {
        this.#fault(end, `is told the close code ${closed.code}, where ${expected} was sent`);
      }
      return;
    }
    const isOurs = errors[0].startsWith('WS_HANDLER') && !hasClosedFirst && !peer.hasClosedFirst;
    if (isOurs && !peer.isSlow && peer.closed?.code !== 1011) {
      this.#fault(end, `fails by a handler, and its peer is told ${peer.closed?.code}, not 1011`);
    }
  }

  /** Whether a program is told of what fails its connection. */
  #isTold({ end, face }) {
    const { server, links } = this.#input;
    if (face === 'server') return server.hasErrorHandler;
    return face !== 'events' || links[Number.parseInt(end, 10)].client.hasErrorHandler;
  }

  /** A hook that fails is answered with 500, and is told. */
  #judgeHook(index, kind, { answer }) {
    const end = `${index}s`;
    const isFaulty = answer.do === 'throw' || answer.do === 'nonsense';
    const expected = isFaulty ? 500 : answer.do === 'refuse' ? 403 : undefined;
    if (expected === undefined) return;
    const peer = this.#peers.get(`${index}c`);
    if (kind === 'accept' && !peer.isGood) return;
    const status = kind === 'accept' ? peer.status : this.#players.get(`${index}c`).refusal?.status;
    // A server that closes meanwhile answers nobody.
    if (status === undefined && this.#input.time < RUN_TIME) return;
    if (status !== expected) {
      this.#fault(
        end,
        `the hook (${JSON.stringify(answer)}) is answered with ${status}, not ${expected}`,
      );
    }
    const { thrown, told } = this.#report;
    if (!isFaulty || !this.#input.server.hasErrorOption) return;
    const failed = thrown.filter((each) => each.isFaulty).length;
    if (told.length < failed) {
      this.#fault(end, `${failed} hooks failed and ${told.length} faults were told`);
    }
  }
}

/** Returns the faults of a case, each with the end of the connection that it is of. */
export function judge(input, outcome) {
  return new Case(input, outcome).faults;
}
