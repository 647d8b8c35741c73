// Two ends that talk and close, in every possible order of what they do and what arrives.
import { describe, expect, it } from 'vitest';
import { TransportError } from '../../src/errors.ts';
import type { Role } from '../../src/protocol/session-options.ts';
import { type Endpoint, openEndpoint } from '../support/endpoint.ts';

type Act = 'text' | 'ping' | 'close';
type Move = `${Role} acts` | `${Role} reads`;

const ROLES: readonly Role[] = ['client', 'server'];
const CODES: Record<Role, number> = { client: 3001, server: 3002 };
const peerOf = (role: Role): Role => (role === 'client' ? 'server' : 'client');

/** Two open ends, and what is on its way to each: pieces of bytes, then the end of the connection. */
class Exchange {
  readonly ends: Record<Role, Endpoint> = {
    client: openEndpoint('client'),
    server: openEndpoint('server'),
  };
  readonly #acts: Record<Role, Act[]>;
  readonly #under: Record<Role, (Uint8Array | 'end')[]> = { client: [], server: [] };
  readonly #hasEnded: Record<Role, boolean> = { client: false, server: false };
  readonly said: Record<Role, string[]> = { client: [], server: [] };

  constructor(acts: Record<Role, readonly Act[]>, moves: readonly Move[]) {
    this.#acts = { client: [...acts.client], server: [...acts.server] };
    for (const move of moves) this.make(move);
  }

  moves(): Move[] {
    return ROLES.flatMap((role): Move[] => [
      ...(this.#acts[role].length > 0 ? [`${role} acts` as const] : []),
      ...(this.#under[role].length > 0 ? [`${role} reads` as const] : []),
    ]);
  }

  make(move: Move): void {
    const [role, verb] = move.split(' ') as [Role, 'acts' | 'reads'];
    if (verb === 'acts') this.#act(role);
    else this.#read(role);
    this.#send(role);
  }

  /** Lets every deadline of both ends pass while nothing arrives. */
  passTime(): void {
    for (const role of ROLES) {
      const end = this.ends[role];
      for (let due = end.session.nextTimeout(); due < Number.POSITIVE_INFINITY; ) {
        end.now = due;
        end.session.handleTimeout(due);
        due = end.session.nextTimeout();
      }
      this.#send(role);
    }
  }

  #act(role: Role): void {
    const { session, now } = this.ends[role];
    const act = this.#acts[role].shift();
    if (session.state !== 'open') return;
    if (act === 'close') return session.close(CODES[role], '', now);
    this.said[role].push(`${act}:${role}`);
    if (act === 'text') session.sendText(role);
    else session.ping(Buffer.from(role));
  }

  #read(role: Role): void {
    const end = this.ends[role];
    const piece = this.#under[role].shift();
    if (end.session.state === 'closed') return;
    if (piece === 'end') end.session.receiveEof(end.now);
    else end.session.receive(piece as Uint8Array, 0, (piece as Uint8Array).length, end.now);
  }

  #send(role: Role): void {
    const { events } = this.ends[role];
    const toPeer = this.#under[peerOf(role)];
    const bytes = this.ends[role].sent();
    if (bytes.length > 0) toPeer.push(bytes);
    if (this.#hasEnded[role] || !(events.includes('shutdown') || events.includes('closed'))) return;
    this.#hasEnded[role] = true;
    toPeer.push('end');
  }
}

/** Calls `visit` with every sequence of moves, unfinished ones included. Returns how many were finished. */
function explore(
  acts: Record<Role, readonly Act[]>,
  visit: (moves: readonly Move[], isOver: boolean) => void,
  moves: Move[] = [],
): number {
  const next = new Exchange(acts, moves).moves();
  visit(moves, next.length === 0);
  if (next.length === 0) return 1;
  let ended = 0;
  for (const move of next) ended += explore(acts, visit, [...moves, move]);
  return ended;
}

function expectClosedOnce(end: Endpoint, about: string): void {
  expect(end.session.state, about).toBe('closed');
  expect(end.session.nextTimeout(), about).toBe(Number.POSITIVE_INFINITY);
  expect(end.events.filter((event) => event === 'closed').length, about).toBe(1);
  expect(end.events.at(-1), about).toBe('closed');
  expect(end.failures.length, about).toBeLessThanOrEqual(1);
}

const SCRIPTS: readonly [string, Record<Role, Act[]>][] = [
  ['the client talks, and both close', { client: ['text', 'close'], server: ['close'] }],
  ['the server pings, and both close', { client: ['close'], server: ['ping', 'close'] }],
  ['the client talks, the server closes', { client: ['text', 'ping'], server: ['close'] }],
  ['the server talks, the client closes', { client: ['close'], server: ['text', 'ping'] }],
];

describe.each(SCRIPTS)('in every order in which %s', (_, acts) => {
  it('both end cleanly, with what the other said and its code', () => {
    const ended = explore(acts, (moves, isOver) => {
      if (!isOver) return;
      const { ends, said } = new Exchange(acts, moves);
      const about = moves.join(', ');
      for (const role of ROLES) {
        const { session, events, failures } = ends[role];
        const peer = peerOf(role);
        expectClosedOnce(ends[role], about);
        expect(failures, about).toEqual([]);
        expect(session.wasClean, about).toBe(true);
        expect(session.closeCode, about).toBe(ends[peer].session.sent?.code);
        expect(
          events.filter((event) => event.endsWith(`:${peer}`) && !event.startsWith('pong')),
          about,
        ).toEqual(said[peer]);
      }
    });
    expect(ended).toBeGreaterThan(20);
  });

  it('a reset at any moment ends both, cleanly if both close frames had arrived', () => {
    explore(acts, (moves) => {
      const { ends } = new Exchange(acts, moves);
      for (const role of ROLES) {
        const end = ends[role];
        const { sent, received } = end.session;
        const isDone = sent !== undefined && received !== undefined;
        end.session.connectionLost(new TransportError('the connection was reset'));
        expectClosedOnce(end, moves.join(', '));
        expect(end.session.wasClean, moves.join(', ')).toBe(isDone);
        expect(end.failures.length, moves.join(', ')).toBe(isDone ? 0 : 1);
      }
    });
  });

  it('a latency above all time limits, from any moment on, ends both, and late bytes change nothing', () => {
    explore(acts, (moves) => {
      const exchange = new Exchange(acts, moves);
      const about = moves.join(', ');
      exchange.passTime();
      const before = ROLES.map((role) => [...exchange.ends[role].events]);
      for (const role of ROLES) expectClosedOnce(exchange.ends[role], about);
      for (let [move] = exchange.moves(); move !== undefined; [move] = exchange.moves()) {
        exchange.make(move);
      }
      expect(
        ROLES.map((role) => exchange.ends[role].events),
        about,
      ).toEqual(before);
    });
  });
});
