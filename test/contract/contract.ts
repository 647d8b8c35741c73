/**
 * Runs the same cases against every client, in several ways: plain, over TLS, and with every byte
 * from the peer in a write of its own, where it matters below TLS as well.
 *
 * `npm test` runs every case in the plain way. In the other ways, and where a worker reads the sockets of the
 * sync client, it runs those that are registered with `it.everywhere`. `npm run test:all` runs every case in
 * every way.
 */
import { readFileSync } from 'node:fs';
import { afterEach, describe, it as register } from 'vitest';
import { runsAll } from '../support/extent.ts';
import {
  type Listener,
  peer,
  type Script,
  type Scripted,
  type Step,
} from '../support/peer/index.ts';
import { type Client, FACES, type Face } from './faces.ts';

export type { Client } from './faces.ts';

/** How bytes travel. */
export type Way = 'plain' | 'over TLS' | 'byte by byte' | 'byte by byte below TLS';

const LISTENERS: Readonly<Record<Way, Listener>> = {
  plain: 'plain',
  'over TLS': 'tls',
  'byte by byte': 'trickle',
  'byte by byte below TLS': 'tlsTrickle',
};

const THREE_WAYS: readonly Way[] = ['plain', 'over TLS', 'byte by byte'];
export const ALL_WAYS: readonly Way[] = [...THREE_WAYS, 'byte by byte below TLS'];

/** The authority that signed the peer's certificates. */
export const AUTHORITY: Buffer = readFileSync(
  new URL('../support/certificates/authority.pem', import.meta.url),
);

type Register = (title: string, run: () => void | Promise<void>, timeout?: number) => void;

/** Registers a case. */
export interface It extends Register {
  /**
   * Registers a case that `npm test` runs in every way: bytes that come otherwise, TLS or the worker may
   * make a difference to it. Every file has some.
   */
  everywhere: Register;
}

/** What a case works with. */
export interface Setting {
  readonly face: Face;
  readonly way: Way;
  readonly it: It;
  /** A script for one connection; what it connects to is its `url`. */
  script(steps: readonly Step[], rest?: Omit<Script, 'steps'>): Scripted;
  /** A script at one of the peer's other listeners. */
  scriptAt(listener: Listener, steps: readonly Step[]): Scripted;
  /** Connects, trusting the tests' authority; whatever is left open after the case is terminated. */
  connect(target: Scripted | string | URL, options?: object): Promise<Client>;
  /** Connects to a new script. */
  connectTo(steps: readonly Step[], options?: object, rest?: Omit<Script, 'steps'>): Promise<Open>;
}

/** A connection with the script at its other end. */
export interface Open {
  client: Client;
  script: Scripted;
}

/** Which clients and ways are tested: all, unless the environment names some. */
const NAMES = process.env.WIRESPEED_TEST_FACES?.split(',');
const WAYS = process.env.WIRESPEED_TEST_WAYS?.split(',');
/** Whether a worker reads the sockets of the sync client. */
const isRelayed = process.env.WIRESPEED_SYNC_IO === 'worker';

function itFor(way: Way): It {
  const runsHere = runsAll || (way === 'plain' && !isRelayed);
  const it: Register = (...given) => {
    if (runsHere) register(...given);
  };
  const everywhere: Register = (...given) => register(...given);
  return Object.assign(it, { everywhere });
}

/** Registers cases for every client and way. */
export function contract(
  subject: string,
  cases: (setting: Setting) => void,
  ways: readonly Way[] = THREE_WAYS,
): void {
  const clients: Client[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.terminate();
  });

  for (const face of FACES) {
    if (NAMES !== undefined && !NAMES.includes(face.name)) continue;
    for (const way of ways) {
      if (WAYS !== undefined && !WAYS.includes(way)) continue;
      const listener = LISTENERS[way];
      const setting: Setting = {
        face,
        way,
        it: itFor(way),
        script: (steps, rest) => peer.script(listener, { steps, ...rest }),
        scriptAt: (other, steps) => peer.script(other, { steps }),
        async connect(target, options) {
          const url = typeof target === 'string' || target instanceof URL ? target : target.url;
          const tls = way.endsWith('TLS') ? { tls: { ca: AUTHORITY } } : {};
          const client = await face.connect(url, { ...tls, ...options });
          clients.push(client);
          return client;
        },
        async connectTo(steps, options, rest) {
          const script = setting.script(steps, rest);
          return { script, client: await setting.connect(script, options) };
        },
      };
      describe(`${subject}: the ${face.name} client, ${way}`, () => cases(setting));
    }
  }
}

/** Returns what a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('the call was expected to fail, and did not');
}
