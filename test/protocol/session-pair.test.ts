// Whole sessions of two ends: with the bytes split at every place, and the connection lost at every byte.
import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/protocol/session-options.ts';
import type { Endpoint } from '../support/endpoint.ts';
import { bytesOf } from '../support/frames.ts';
import { type Loss, Pair, type PairOptions } from '../support/pair.ts';

const ROLES: readonly Role[] = ['client', 'server'];

/** Makes two ends that send all kinds of messages. The client closes after the server's last one. */
function conversation(options: PairOptions = {}): Pair {
  return new Pair({
    ...options,
    client: {
      ...options.client,
      onEvent(end, event) {
        if (event === 'open') speak(end);
        if (event === 'text:that is all') end.session.close(1000, 'done', end.now);
      },
    },
    server: {
      ...options.server,
      onEvent(end, event) {
        if (event === 'open') speak(end);
        if (event === 'binary:00ff') end.session.sendText('that is all');
      },
    },
  });
}

function speak({ session }: Endpoint): void {
  session.sendText('héllo');
  session.sendFragment('frag', true, false);
  session.ping(bytesOf('ping'));
  session.sendFragment('', true, false);
  session.sendFragment('ment', true, true);
  session.sendBinary(new Uint8Array(200).fill(7));
  session.sendBinary(bytesOf([0, 255]));
}

const SPOKEN = [
  'text:héllo',
  'ping:ping',
  'text:fragment',
  `binary:${'07'.repeat(200)}`,
  'binary:00ff',
];
/** The events of each end. The pong is not listed, because it arrives among the peer's own messages. */
const TOLD: Record<Role, string[]> = {
  client: ['open', ...SPOKEN, 'text:that is all', 'closed'],
  server: ['request', 'open', ...SPOKEN, 'shutdown', 'closed'],
};
const FACTS = { state: 'closed', wasClean: true, closeCode: 1000, failure: undefined };

function expectConversation(pair: Pair, about = ''): void {
  for (const role of ROLES) {
    const events = pair[role].events.filter((event) => event !== 'pong:ping');
    expect(events, `${role} ${about}`).toEqual(TOLD[role]);
    expect(pair[role].events.length, `pong to the ${role} ${about}`).toBe(events.length + 1);
    expect(pair[role].session, `${role} ${about}`).toMatchObject(FACTS);
  }
}

/** How many bytes each end sends in a conversation. */
function lengths(): Record<Role, number> {
  const pair = conversation();
  pair.settle();
  return pair.arrived;
}

describe('a whole session', () => {
  it('goes from the opening to the closing handshake', () => {
    const pair = conversation({ latency: 10 });
    pair.settle();
    expectConversation(pair);
    expect(pair.client.session.sent).toEqual({ code: 1000, reason: 'done' });
    expect(pair.server.session.received).toEqual({ code: 1000, reason: 'done' });
    // Seven latencies: request; response and messages; messages; last message; close; close and end; end.
    expect(pair.now).toBe(70);
  });

  it('is the same in pieces of every size', () => {
    for (let size = 1; size <= 300; size++) {
      const pair = conversation({ split: size });
      pair.settle();
      expectConversation(pair, `in pieces of ${size}`);
    }
  });

  it.each(ROLES)('is the same with the bytes of the %s cut in two at every byte', (from) => {
    const length = lengths()[from];
    for (let at = 1; at < length; at++) {
      const pair = conversation({ split: { from, at } });
      pair.settle();
      expectConversation(pair, `cut at ${at}`);
    }
  });

  it('stays open while nobody says anything and both answer pings', () => {
    const pair = new Pair();
    pair.run(100_000);
    expect(pair.client.session.state).toBe('open');
    expect(pair.client.events.filter((event) => event === 'pong:').length).toBeGreaterThan(1);
  });
});

describe('a session whose connection is lost', () => {
  /** Checks that an end is closed, was told so once, and has the failure that fits the loss. */
  function expectEnd(end: Endpoint, loss: Loss, about: string): void {
    const { session, events } = end;
    expect(session.state, about).toBe('closed');
    expect(session.nextTimeout(), about).toBe(Number.POSITIVE_INFINITY);
    expect(events.filter((event) => event === 'closed').length, about).toBe(1);
    expect(events.at(-1), about).toBe('closed');
    expect(end.failures.length, about).toBeLessThanOrEqual(1);
    const told = events.filter((event) => TOLD[end.role].includes(event) && event !== 'shutdown');
    expect(
      TOLD[end.role].filter((event) => event !== 'shutdown').slice(0, told.length - 1),
      about,
    ).toEqual(told.slice(0, -1));
    expect(session.closeCode, about).toBe(session.received?.code ?? 1006);
    if (session.wasClean) return;
    const isOpened = events.includes('open');
    const codes = end.failures.map(({ code }) => code);
    if (loss === 'reset') expect(codes, about).toEqual(['WS_TRANSPORT']);
    else if (loss === 'silence') expect(codes, about).toEqual(['WS_TIMEOUT']);
    else expect(codes, about).toEqual(isOpened ? [] : ['WS_HANDSHAKE_FAILED']);
  }

  const Losses: readonly Loss[] = ['eof', 'reset', 'silence'];

  it.each(ROLES.flatMap((from) => Losses.map((loss) => [from, loss] as const)))(
    'after any byte of the %s, by %s, ends in the documented state on both sides',
    (from, loss) => {
      const length = lengths()[from];
      for (let at = 0; at <= length; at++) {
        const pair = conversation({ cut: { from, at, loss } });
        pair.run();
        expectEnd(pair.client, loss, `client, cut at ${at}`);
        expectEnd(pair.server, loss, `server, cut at ${at}`);
      }
    },
  );

  it('is clean for an end that has sent and received a close frame, whatever happens then', () => {
    const { server } = lengths();
    const pair = conversation({ cut: { from: 'server', at: server, loss: 'reset' } });
    pair.run();
    expectConversation(pair);
  });
});

describe('two ends that close at once', () => {
  it('both close cleanly, each with the code of the other (RFC 6455 §7.1.5)', () => {
    const pair = new Pair({ latency: 10 });
    pair.settle();
    pair.client.session.close(3001, 'client', pair.now);
    pair.server.session.close(3002, 'server', pair.now);
    pair.settle();
    expect(pair.client.session).toMatchObject({ state: 'closed', wasClean: true, closeCode: 3002 });
    expect(pair.server.session).toMatchObject({ state: 'closed', wasClean: true, closeCode: 3001 });
    expect(pair.client.failures).toEqual([]);
    expect(pair.server.failures).toEqual([]);
  });

  it('deliver what was sent before the close frames', () => {
    const pair = new Pair();
    pair.settle();
    pair.client.session.sendText('from client');
    pair.client.session.close(1000, '', pair.now);
    pair.server.session.sendText('from server');
    pair.server.session.close(1000, '', pair.now);
    pair.settle();
    expect(pair.client.events).toContain('text:from server');
    expect(pair.server.events).toContain('text:from client');
  });
});

describe('an end that fails the connection', () => {
  it('tells its peer so by a close frame', () => {
    const pair = new Pair({ server: { limits: { maxMessageSize: 10 } } });
    pair.settle();
    pair.client.session.sendText('much too long');
    pair.run();
    expect(pair.server.failures[0]).toMatchObject({ code: 'WS_MESSAGE_TOO_BIG' });
    expect(pair.server.session).toMatchObject({ state: 'closed', wasClean: false });
    expect(pair.client.session).toMatchObject({
      state: 'closed',
      closeCode: 1009,
      failure: undefined,
    });
  });
});

describe('an end that is paused', () => {
  it('delivers what arrived meanwhile once it is resumed, in order', () => {
    const pair = new Pair();
    pair.settle();
    pair.server.session.isPaused = true;
    for (const text of ['a', 'b', 'c']) pair.client.session.sendText(text);
    pair.client.session.close(1000, '', pair.now);
    pair.settle();
    expect(pair.server.events).toEqual(['request', 'open']);
    pair.resume(pair.server);
    expect(pair.server.events.slice(2)).toEqual([
      'text:a',
      'text:b',
      'text:c',
      'shutdown',
      'closed',
    ]);
    expect(pair.client.session).toMatchObject({ state: 'closed', wasClean: true });
  });
});
