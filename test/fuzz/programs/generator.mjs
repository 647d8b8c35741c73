// Makes random programs for handlers, hooks and clients, and for the peers at the other end. A case is
// plain JSON. `player.mjs` runs the steps of a program, `raw-peer.mjs` those of a peer.
import fc from 'fast-check';
import { NONSENSE_COUNT } from './hooks.mjs';
import { FORM_NAMES } from './material.mjs';
import { CALL_COUNT } from './wrong-calls.mjs';

const moment = fc.constantFrom('microtask', 'tick', 'immediate', 'timer');

const size = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 125 }) },
  { weight: 4, arbitrary: fc.integer({ min: 126, max: 3000 }) },
  { weight: 1, arbitrary: fc.constantFrom(16_384, 65_535, 65_536, 150_000) },
);

/** The connection that a step uses: the program's own, another one, or all connections of the server. */
const target = fc.oneof(
  { weight: 6, arbitrary: fc.constant('self') },
  { weight: 2, arbitrary: fc.nat(5) },
);

const compress = fc.constantFrom(true, true, false);

const abort = fc.oneof(
  { weight: 9, arbitrary: fc.constant('never') },
  { weight: 1, arbitrary: fc.constant('before') },
  { weight: 1, arbitrary: moment },
);

const send = fc.record({
  do: fc.constant('send'),
  to: fc.oneof(
    { weight: 8, arbitrary: target },
    { weight: 1, arbitrary: fc.constant('all') },
    { weight: 1, arbitrary: fc.constant('others') },
  ),
  form: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('text', 'bytes') },
    { weight: 3, arbitrary: fc.constantFrom(...FORM_NAMES) },
  ),
  size,
  compress,
  isAwaited: fc.boolean(),
  /** When an async client takes the message back, if it does. */
  abort,
  times: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(20) }),
});

const closing = fc.record({
  do: fc.constant('close'),
  to: target,
  code: fc.constantFrom(1000, 1001, 1011, 3000, 4999),
  isAwaited: fc.boolean(),
  /** When an async client gives up the closing handshake, if it does. */
  abort,
});

/** Steps that contain no other steps, each with a weight. */
const SIMPLE = [
  [12, send],
  [2, closing],
  [1, fc.record({ do: fc.constant('terminate'), to: target })],
  [2, fc.record({ do: fc.constant('throw') })],
  [2, fc.record({ do: fc.constant('pause'), to: target })],
  [2, fc.record({ do: fc.constant('resume'), to: target })],
  [3, fc.record({ do: fc.constantFrom('ping', 'pong'), to: target, size: fc.nat(125) })],
  [3, fc.record({ do: fc.constant('await'), how: moment })],
  [1, fc.record({ do: fc.constant('busy'), time: fc.integer({ min: 1, max: 4 }) })],
  [1, fc.record({ do: fc.constant('look'), to: target })],
  [1, fc.record({ do: fc.constant('wrong'), to: target, which: fc.nat(CALL_COUNT - 1) })],
];

/** Closes the server. This step is rare, so that most cases go on. */
const closingServer = fc.constant({ do: 'closeServer' });

function weighted(list) {
  return fc.oneof(...list.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

const simple = weighted(SIMPLE);

const step = weighted([
  [70, simple],
  [1, closingServer],
  [
    10,
    fc.record({
      do: fc.constant('later'),
      how: moment,
      steps: fc.array(simple, { minLength: 1, maxLength: 3 }),
    }),
  ],
  [
    5,
    fc.record({
      do: fc.constant('cork'),
      to: target,
      steps: fc.array(simple, { minLength: 1, maxLength: 3 }),
    }),
  ],
]);

const steps = fc.array(step, { minLength: 1, maxLength: 4 });
/** What a handler does in its first calls. */
const calls = (most) => fc.array(fc.oneof(fc.constant([]), steps), { maxLength: most });

const handlers = fc.record({
  open: calls(1),
  message: calls(4),
  batchEnd: calls(3),
  drain: calls(2),
  ping: calls(2),
  pong: calls(2),
  close: calls(1),
  error: calls(1),
});

/** A connection of the async client that is lent to blocking calls for a while. */
const lending = fc.record({
  do: fc.constant('lend'),
  calls: fc.array(fc.constantFrom('send', 'recv', 'ping'), { maxLength: 4 }),
  size,
});

const receiving = weighted([
  [1, lending],
  [2, fc.record({ do: fc.constant('recv'), timeout: fc.constantFrom(1, 30), abort })],
  [
    2,
    fc.record({
      do: fc.constant('iterate'),
      count: fc.integer({ min: 1, max: 4 }),
      timeout: fc.constantFrom(20, 50),
      /** Calls of `next` at once. */
      ahead: fc.constantFrom(1, 1, 1, 3),
      steps: fc.array(simple, { maxLength: 3 }),
    }),
  ],
]);

/** What a client does once it is connected, besides what its handlers do. */
const main = fc.array(
  weighted([
    [3, step],
    [2, receiving],
  ]),
  { maxLength: 6 },
);

const client = fc.record({
  face: fc.constantFrom('async', 'async', 'events', 'events', 'sync'),
  handlers,
  main,
  hasErrorHandler: fc.boolean(),
  /** Whether an events client gets views, as it does by default. */
  views: fc.oneof(
    { weight: 2, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  deflate: fc.boolean(),
  highWaterMark: fc.constantFrom(0, 1000, 65_536),
  /** What its generator of masking keys does wrong, if anything. */
  masking: fc.oneof(
    { weight: 14, arbitrary: fc.constant('right') },
    { weight: 1, arbitrary: fc.constantFrom('throws', 'sends') },
  ),
});

/** What the request hook does, before or instead of its answer. */
const hook = fc.record({
  steps: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(simple, { maxLength: 2 }) },
  ),
  answer: weighted([
    [8, fc.constant({ do: 'accept' })],
    [2, fc.record({ do: fc.constant('accept'), later: moment })],
    [1, fc.record({ do: fc.constant('refuse'), later: fc.option(moment, { nil: undefined }) })],
    [
      1,
      fc.record({
        do: fc.constant('throw'),
        what: fc.nat(4),
        later: fc.option(moment, { nil: undefined }),
      }),
    ],
    [
      2,
      fc.record({
        do: fc.constant('nonsense'),
        what: fc.nat(NONSENSE_COUNT - 1),
        later: fc.option(moment, { nil: undefined }),
      }),
    ],
    [1, fc.constant({ do: 'hang' })],
  ]),
});

const saying = fc.record({
  do: fc.constant('say'),
  isText: fc.boolean(),
  size: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 300 }) },
    { weight: 1, arbitrary: fc.constantFrom(5000, 70_000) },
  ),
  fragments: fc.constantFrom(1, 1, 1, 2, 5),
  times: fc.oneof(
    { weight: 5, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: 2, max: 40 }) },
  ),
});

const PEER_STEPS = [
  [8, saying],
  [2, fc.record({ do: fc.constant('ping'), size: fc.nat(125) })],
  [1, fc.record({ do: fc.constant('pong'), size: fc.nat(125) })],
  [3, fc.record({ do: fc.constant('wait'), time: fc.nat(15) })],
  [2, fc.record({ do: fc.constant('hear'), count: fc.integer({ min: 1, max: 3 }) })],
  [1, fc.record({ do: fc.constant('close'), code: fc.constantFrom(0, 1000, 1001, 3999) })],
];

/** Bytes that no peer may send. */
export const FAULTS = [
  'reservedOpcode',
  'reservedBit',
  'wrongMask',
  'longControl',
  'fragmentedControl',
  'badText',
  'badCloseCode',
  'halfCloseCode',
  'badCloseReason',
  'loneContinuation',
  'interleaved',
  'hugeLength',
  'longLength',
];

const HOSTILE_STEPS = [
  [3, fc.record({ do: fc.constant('fault'), which: fc.constantFrom(...FAULTS) })],
  [2, fc.record({ do: fc.constant('flood'), pings: fc.integer({ min: 10, max: 2000 }) })],
  [2, fc.record({ do: fc.constant('partial'), bytes: fc.integer({ min: 1, max: 40 }) })],
  [2, fc.record({ do: fc.constantFrom('end', 'reset', 'destroy') })],
  [2, fc.record({ do: fc.constantFrom('stopReading', 'readAgain') })],
];

const goodPeer = fc.record({
  isGood: fc.constant(true),
  isTrickling: fc.oneof(
    { weight: 4, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  isSlow: fc.oneof(
    { weight: 4, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  deflate: fc.boolean(),
  /** Whether its first frames arrive in one piece with the end of its handshake. */
  isGlued: fc.boolean(),
  steps: fc.array(weighted(PEER_STEPS), { maxLength: 8 }),
});

/** How a hostile peer opens. */
export const OPENINGS = [
  'good',
  'garbage',
  'partial',
  'mute',
  'reset',
  'end',
  'badTarget',
  'early',
  'rawGarbage',
  'refusal',
];

const hostilePeer = fc.record({
  isGood: fc.constant(false),
  opening: fc.oneof(
    { weight: 8, arbitrary: fc.constant('good') },
    { weight: 5, arbitrary: fc.constantFrom(...OPENINGS) },
  ),
  isTrickling: fc.boolean(),
  deflate: fc.boolean(),
  isGlued: fc.boolean(),
  ignoresPings: fc.boolean(),
  ignoresClose: fc.boolean(),
  ignoresEnd: fc.boolean(),
  steps: fc.array(weighted([...PEER_STEPS, ...HOSTILE_STEPS]), { maxLength: 8 }),
});

const peer = fc.oneof(goodPeer, hostilePeer);

/** A connection: a raw peer to our server, our client to a raw peer, or our client to our server. */
const link = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('accept'), peer, hook, server: handlers }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('dial'), peer, client }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('both'), hook, server: handlers, client }),
  },
);

const server = fc.record({
  /** Whether the server has the option `error`. */
  hasErrorOption: fc.oneof(
    { weight: 4, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  /** What goes wrong in that option's function, if anything. */
  faultOfErrorOption: fc.oneof(
    { weight: 8, arbitrary: fc.constant('none') },
    { weight: 1, arbitrary: fc.constantFrom('throws', 'rejects') },
  ),
  hasErrorHandler: fc.boolean(),
  hasHook: fc.oneof(
    { weight: 5, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
  views: fc.boolean(),
  /** Whether it takes frames instead of messages. */
  frames: fc.oneof(
    { weight: 6, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  deflate: fc.boolean(),
  /** Whether all connections are over TLS. */
  tls: fc.oneof(
    { weight: 5, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  highWaterMark: fc.constantFrom(0, 1000, 65_536),
  maxBufferedAmount: fc.constantFrom(16 * 1024 * 1024, 16 * 1024 * 1024, 100_000),
});

/** A whole case: a server, and what happens on each connection. */
export const programs = fc.record({
  server,
  links: fc.array(link, { minLength: 1, maxLength: 6 }),
  /** Who closes first at the end of the case: the peers that can, or the server. */
  ending: fc.constantFrom('peers', 'server'),
  /** Milliseconds after which the case is ended, even if programs are not done. */
  time: fc.constantFrom(400, 400, 400, 15, 5, 0),
});
