// What operators of a server ask, measured: `npm run test:operations` takes about two minutes.
//
//   idle     memory of 10,000 idle connections on an HTTP server, attached and by ws, in one run
//   refusing 1,000 refused handshakes a second while others chat: the p99 of their round trips, with and without
//   draining 5,000 connections over 5 s: how even the closing is, and whether the report adds up
//   leaving  SIGTERM under load: no message that `send` accepted is lost
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { connect } from 'wirespeed/events';

const SERVER = fileURLToPath(new URL('operated-server.mjs', import.meta.url));
const NAMES = ['idle', 'refusing', 'draining', 'leaving'];
const chosen = process.argv.slice(2);
const wrong = chosen.find((name) => !NAMES.includes(name));
if (wrong !== undefined) {
  process.stderr.write(`there is no '${wrong}'; there are ${NAMES.join(', ')}\n`);
  process.exit(2);
}

const checks = { idle, refusing, draining, leaving };
for (const name of chosen.length === 0 ? NAMES : chosen) {
  if (!(await checks[name]())) process.exitCode = 1;
}

/** Starts a server in a process of its own, and talks to it by messages. */
async function start(kind) {
  const child = spawn(process.execPath, ['--expose-gc', SERVER, kind], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ port }] = await once(child, 'message');
  const ask = async (question) => {
    child.send(question);
    const [answer] = await once(child, 'message');
    return answer;
  };
  return { child, ask, url: `ws://127.0.0.1:${port}/`, port };
}

/** Opens so many connections, some at a time. */
async function open(url, count, handlers = {}) {
  const all = [];
  // Each source address has its own ports, but one is enough for these.
  while (all.length < count) {
    const some = Array.from({ length: Math.min(200, count - all.length) }, () =>
      connect(url, handlers, { pingInterval: 0 }),
    );
    all.push(...(await Promise.all(some)));
  }
  return all;
}

function tell(name, isRight, text) {
  process.stdout.write(`${isRight ? 'ok    ' : 'FAILED'}  ${name.padEnd(9)} ${text}\n`);
  return isRight;
}

function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

async function idle() {
  const COUNT = 10_000;
  const each = { attached: [], ws: [] };
  for (const kind of ['attached', 'ws', 'attached', 'ws']) {
    const server = await start(kind);
    const before = await server.ask('memory');
    const all = await open(server.url, COUNT);
    const after = await server.ask('memory');
    const figures = {
      rss: (after.rss - before.rss) / COUNT,
      heap: (after.heap - before.heap) / COUNT,
    };
    each[kind].push(figures);
    server.child.kill('SIGKILL');
    for (const ws of all) ws.terminate();
    await once(server.child, 'exit');
  }
  const least = (kind, part) => Math.min(...each[kind].map((figures) => figures[part]));
  const [ours, theirs] = [least('attached', 'rss'), least('ws', 'rss')];
  return tell(
    'idle',
    ours <= theirs,
    `${COUNT} connections: attached ${ours.toFixed(0)} bytes resident each (heap ${least('attached', 'heap').toFixed(0)}), ` +
      `ws ${theirs.toFixed(0)} (heap ${least('ws', 'heap').toFixed(0)}); ratio ${(ours / theirs).toFixed(2)}`,
  );
}

/** Round trips of ten clients for some seconds; returns their p50 and p99 in milliseconds. */
async function chat(url, seconds) {
  const times = [];
  const end = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      let sent = 0;
      const done = Promise.withResolvers?.() ?? withResolvers();
      const ws = await connect(`${url}chat`, {
        message(connection) {
          const now = performance.now();
          times.push(now - sent);
          if (now > end) return done.resolve();
          setTimeout(() => {
            sent = performance.now();
            connection.send('x'.repeat(100));
          }, 5);
        },
        close: () => done.resolve(),
      });
      sent = performance.now();
      ws.send('x');
      await done.promise;
      ws.terminate();
    }),
  );
  times.sort((a, b) => a - b);
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), count: times.length };
}

function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve) => {
    parts.resolve = resolve;
  });
  return parts;
}

async function refusing() {
  const server = await start('attached');
  const rounds = [];
  let refused = 0;
  for (let i = 0; i < 3; i++) {
    const without = await chat(server.url, 3);
    const flood = setInterval(() => {
      for (let k = 0; k < 10; k++) refuse(server.port, () => refused++);
    }, 10);
    const begun = performance.now();
    const during = await chat(server.url, 3);
    clearInterval(flood);
    rounds.push({ without, during, seconds: (performance.now() - begun) / 1000 });
  }
  const stats = await server.ask('stats');
  server.child.kill('SIGKILL');
  const seconds = rounds.reduce((sum, round) => sum + round.seconds, 0);
  const median = (key) => rounds.map((round) => round[key].p99).sort((a, b) => a - b)[1];
  const [without, during] = [median('without'), median('during')];
  return tell(
    'refusing',
    (stats.refused['403'] ?? 0) === refused && during < 50,
    `${(refused / seconds).toFixed(0)} handshakes a second refused with 403; p99 of round trips ${without.toFixed(2)} ms without, ` +
      `${during.toFixed(2)} ms with (p50 ${rounds[1].without.p50.toFixed(2)}, ${rounds[1].during.p50.toFixed(2)})`,
  );
}

function refuse(port, told) {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.once('data', (bytes) => {
    if (String(bytes).startsWith('HTTP/1.1 403')) told();
    socket.destroy();
  });
  socket.write(
    'GET /no HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
}

async function draining() {
  const COUNT = 5000;
  const server = await start('serve');
  const moments = [];
  const all = await open(server.url, COUNT, {
    close: (_, code) => code === 1012 && moments.push(performance.now()),
  });
  const report = await server.ask('drain');
  server.child.kill('SIGKILL');
  for (const ws of all) ws.terminate();
  moments.sort((a, b) => a - b);
  // Every window of 100 ms, wherever it begins.
  let most = 0;
  for (let i = 0, k = 0; i < moments.length; i++) {
    while (moments[i] - moments[k] > 100) k++;
    most = Math.max(most, i - k + 1);
  }
  const mean = (COUNT / 5000) * 100;
  const adds = report.closed + report.left + report.terminated === report.total;
  return tell(
    'draining',
    adds && report.total === COUNT && moments.length === report.closed && most <= 1.3 * mean,
    `${report.total} connections in ${(report.duration / 1000).toFixed(2)} s: closed ${report.closed}, left ${report.left}, ` +
      `terminated ${report.terminated}; clients saw ${moments.length}; most in 100 ms ${most}, ${(most / mean).toFixed(2)} times the mean`,
  );
}

async function leaving() {
  const server = await start('counting');
  const received = new Map();
  const all = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => {
      const ended = withResolvers();
      const ws = await connect(`${server.url}${i}`, {
        message: () => received.set(i, (received.get(i) ?? 0) + 1),
        close: (_, code) => ended.resolve(code),
      });
      return { ws, ended: ended.promise };
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  const told = once(server.child, 'message');
  server.child.kill('SIGTERM');
  const codes = await Promise.all(all.map(({ ended }) => ended));
  const [{ accepted }] = await told;
  const [code] = await once(server.child, 'exit');
  let sum = 0;
  let lost = 0;
  for (const [i, count] of Object.entries(accepted)) {
    sum += count;
    lost += count - (received.get(Number(i)) ?? 0);
  }
  return tell(
    'leaving',
    lost === 0 && codes.every((each) => each === 1012) && code === 0,
    `SIGTERM under load: ${sum} messages accepted for 50 clients, ${lost} lost; all closed with 1012: ${codes.every((each) => each === 1012)}; exit code ${code}`,
  );
}
