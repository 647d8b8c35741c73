// Ten thousand clients never finish their request, and the server has a handshakeTimeout. Each of them must
// be cut off in time, honest clients must be served meanwhile, and memory must not grow from wave to wave:
//   npm run test:slow-loris -- [--connections 10000] [--waves 3]
// The attackers have a process of their own. If the limit of open files is too low for all of them at once,
// they come in more waves.
import { execSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HANDSHAKE_TIMEOUT = 10_000;
/** How many milliseconds too early or too late a client may see its end: on a busy machine it learns late that it is connected. */
const MAX_EARLY = 1500;
const MAX_LATE = 5000;
/** Files that a process has open besides its connections. */
const FILES_BESIDES = 200;
/** The errors by which a write may learn that the server has cut the connection off. */
const CUTS = new Set(['ECONNRESET', 'EPIPE']);
/** Connections begun every 10 ms: so many that even on a busy machine all of them are open before the first is cut off. */
const BATCH = 100;
/** Connections that may wait to be accepted. The kernel lets others begin a second later. */
const BACKLOG = 4096;
/** How often each client sends a byte, and how often the server's sockets are counted. */
const BYTE_INTERVAL = 2000;
const COUNT_INTERVAL = 200;
/** Most milliseconds until all connections are open, and until anything else has happened after its time. */
const MAX_BEGIN_TIME = HANDSHAKE_TIMEOUT - 500;
const MAX_WAIT = 10_000;
/** Most bytes that an unfinished request may hold, with its socket. */
const MAX_PER_CONNECTION = 24 * 1024;
const MIB = 2 ** 20;
/** By how many bytes the memory in use after a wave, and the resident memory at its peak, may grow from the first wave to the last. */
const MAX_GROWTH = MIB;
const MAX_RESIDENT_GROWTH = 24 * MIB;
/** Most milliseconds until collected memory has been freed. */
const MAX_SETTLE_TIME = 2000;

if (process.send === undefined) await defend();
else {
  process.once('message', ({ port, count }) => attack(port, count));
  process.once('disconnect', () => process.exit());
}

/** Opens connections that send a byte now and then, and reports how long they lived. */
function attack(port, count) {
  const lives = [];
  const errors = {};
  let begun = 0;
  let connected = 0;
  let overdue;
  const report = () => {
    lives.sort((a, b) => a - b);
    const [shortest = 0] = lives;
    process.send({ left: count - lives.length, shortest, longest: lives.at(-1) ?? 0, errors });
  };
  const open = () => {
    const socket = connectTcp(port, '127.0.0.1');
    let since = performance.now();
    let timer;
    socket.once('connect', () => {
      since = performance.now();
      connected++;
      if (connected === count) overdue = setTimeout(report, HANDSHAKE_TIMEOUT + MAX_WAIT);
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nX: ');
      timer = setInterval(() => socket.write('y'), BYTE_INTERVAL);
    });
    socket.on('error', ({ code }) => {
      errors[code] = (errors[code] ?? 0) + 1;
    });
    socket.resume();
    socket.once('close', () => {
      clearInterval(timer);
      lives.push(performance.now() - since);
      if (lives.length < count) return;
      clearTimeout(overdue);
      report();
    });
  };
  const next = () => {
    for (let i = 0; i < BATCH && begun < count; i++, begun++) open();
    if (begun < count) setTimeout(next, 10);
  };
  next();
}

async function defend() {
  const { serve } = await import('wirespeed/server');
  const { connect } = await import('wirespeed');
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '10000' },
      waves: { type: 'string', default: '3' },
    },
  });
  const total = Number(values.connections);
  const files =
    Number(execSync('ulimit -n', { shell: '/bin/sh' }).toString()) || total + FILES_BESIDES;
  const wave = Math.min(total, files - FILES_BESIDES);
  const waves = Math.max(2, Number(values.waves), Math.ceil(total / wave));
  console.log(`${total} connections, ${wave} at once (ulimit -n is ${files}), ${waves} waves`);

  const failures = [];
  const check = (isRight, what) => {
    if (!isRight) failures.push(what);
  };
  const server = await serve({
    host: '127.0.0.1',
    handshakeTimeout: HANDSHAKE_TIMEOUT,
    backlog: BACKLOG,
    handlers: { message: (ws, data, isText) => void ws.send(data, { text: isText }) },
  });
  // The first connection allocates what stays for good, such as the kernel's memory. That must not count as growth.
  check(await isServed(connect, server.url), 'an honest client was not served');
  const inUse = [];
  const resident = [];
  for (let i = 0; i < waves; i++) {
    const before = await settledMemory();
    const attacker = fork(fileURLToPath(import.meta.url));
    const over = once(attacker, 'message');
    const gone = once(attacker, 'exit');
    attacker.send({ port: server.port, count: wave });
    const held = await mostSockets(wave);
    check(held >= wave, 'not all connections were there at once');
    const since = performance.now();
    check(await isServed(connect, server.url), 'an honest client was not served');
    const honest = performance.now() - since;
    const peak = memory();
    resident.push(process.memoryUsage.rss());
    const [{ left, shortest, longest, errors }] = await within(over, 4 * MAX_WAIT, 'attack');
    attacker.disconnect();
    await within(gone, MAX_WAIT, 'end of the attacker');
    const after = await settledMemory();
    inUse.push(after);
    const perConnection = (peak - before) / Math.max(held, 1);
    console.log(
      `wave ${i + 1}: ${held} at once, cut off after ${shortest.toFixed(0)} to ${longest.toFixed(0)} ms; ` +
        `an honest client took ${honest.toFixed(0)} ms; ` +
        `${(perConnection / 1024).toFixed(1)} KiB per connection, ` +
        `${(after / MIB).toFixed(2)} MiB in use afterwards, ` +
        `${(resident.at(-1) / MIB).toFixed(0)} MiB resident at the peak; errors ${JSON.stringify(errors)}`,
    );
    check(left === 0, 'a client was not cut off');
    check(
      Object.keys(errors).every((code) => CUTS.has(code)),
      'a client could not connect',
    );
    check(shortest >= HANDSHAKE_TIMEOUT - MAX_EARLY, 'a client was cut off before its time');
    check(longest <= HANDSHAKE_TIMEOUT + MAX_LATE, 'a client was cut off too late');
    check(perConnection <= MAX_PER_CONNECTION, 'a connection took too much memory');
    check(honest < HANDSHAKE_TIMEOUT, 'an honest client waited too long');
    check(server.connections.size === 0, 'a connection was left');
  }
  const growth = ([first, ...others]) => others.at(-1) - first;
  check(growth(inUse) < MAX_GROWTH, 'memory grew from wave to wave');
  check(growth(resident) < MAX_RESIDENT_GROWTH, 'the process grew from wave to wave');
  await within(server.close(), MAX_WAIT, 'close of the server');
  for (const failure of new Set(failures)) console.log(`FAILED: ${failure}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** Whether a client gets its message back. */
async function isServed(connect, url) {
  const ws = await connect(url);
  await ws.send('served meanwhile');
  const answer = await ws.recv({ timeout: MAX_WAIT });
  await ws.close();
  return answer === 'served meanwhile';
}

/** Waits until the wanted number of sockets is open, but not for ever. Returns the most that were open. */
async function mostSockets(wanted) {
  const until = performance.now() + MAX_BEGIN_TIME;
  let most = 0;
  while (most < wanted && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, COUNT_INTERVAL));
    most = Math.max(most, sockets());
  }
  return most;
}

/** Waits for a promise, or ends the process if that takes too long. */
async function within(promise, milliseconds, what) {
  const timer = setTimeout(() => {
    console.log(`FAILED: the ${what} took too long`);
    process.exit(1);
  }, milliseconds);
  const value = await promise;
  clearTimeout(timer);
  return value;
}

/** Returns how many sockets are open. */
function sockets() {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

/** Returns the bytes in use, on the heap and outside of it, after a collection. */
function memory() {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Returns the least bytes in use within `MAX_SETTLE_TIME`: a thread in the background frees array buffers later. */
async function settledMemory() {
  const until = performance.now() + MAX_SETTLE_TIME;
  let least = memory();
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    least = Math.min(least, memory());
  }
  return least;
}
