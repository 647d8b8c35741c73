// Runs cases in a process of their own, runs their peers, and watches both.
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { ControlClient, serveControl } from './control-peers.mjs';
import { clearJournal, Journal, readJournal } from './journal.mjs';
import { RawPeer } from './raw-peer.mjs';
import { CASE_LIMIT } from './times.mjs';

const HOST = '127.0.0.1';
const PROGRAM = fileURLToPath(new URL('process.mjs', import.meta.url));
/** Most characters that are kept of the output of a process. */
const MAX_SAID = 3000;

function sleep(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}

/** The process under test. It is sent questions, and answers them. */
class Subject {
  #child;
  #waiting = new Map();
  #number = 0;
  #said = '';
  /** How it ended, if it has. */
  ended;

  constructor(journalPath) {
    const child = fork(PROGRAM, [journalPath], {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        this.#said = (this.#said + chunk).slice(-MAX_SAID);
      });
    }
    child.on('message', (message) => this.#receive(message));
    child.on('exit', (code, signal) => {
      this.ended = `the process has ended: code ${code}, signal ${signal}`;
      this.#rejectAll();
    });
  }

  async ask(action, given) {
    const number = ++this.#number;
    const answer = new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
    this.#ref();
    // Messages that are sent before the process listens wait for it.
    this.#child.send({ number, action, ...given }, ignore);
    if (this.ended !== undefined) this.#rejectAll();
    const timer = setTimeout(() => {
      this.#waiting.get(number)?.reject(new Error(`'${action}' takes too long`));
    }, CASE_LIMIT);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(number);
      if (this.#waiting.size === 0) this.#unref();
    }
  }

  kill() {
    this.#child.kill('SIGKILL');
  }

  #receive({ number, result, failure }) {
    const waiting = this.#waiting.get(number);
    if (failure !== undefined) waiting?.reject(new Error(failure));
    else waiting?.resolve(result);
  }

  #rejectAll() {
    for (const { reject } of this.#waiting.values()) {
      reject(new Error(`${this.ended}\n${this.#said}`));
    }
  }

  /** Between questions, the channel does not keep this process alive. */
  #unref() {
    const { channel, stdout, stderr } = this.#child;
    for (const each of [this.#child, channel, stdout, stderr]) each?.unref();
  }

  #ref() {
    this.#child.ref();
    this.#child.channel?.ref();
  }
}

function listen(accept) {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, accept);
  return new Promise((resolve) => server.listen(0, HOST, () => resolve(server)));
}

const certificate = (name) =>
  readFileSync(new URL(`../../support/certificates/${name}.pem`, import.meta.url));
const secureContext = createSecureContext({
  cert: certificate('localhost'),
  key: certificate('server-key'),
});

/** The server's end of TLS over a socket. */
function secured(raw) {
  raw.on('error', ignore);
  return new TLSSocket(raw, { isServer: true, secureContext, allowHalfOpen: true });
}

function ignore() {}

/** The peers of one case. */
class Peers {
  peers = [];
  ports = {};
  control;
  #listeners = [];
  #sockets = [];
  #journal;
  #isSecure;

  constructor(journal, { server }) {
    this.#journal = journal;
    this.#isSecure = server.tls;
  }

  /** Starts the peers that wait for Wirespeed's clients. */
  async listen({ links }) {
    for (const [index, { kind, peer: script }] of links.entries()) {
      if (kind !== 'dial') continue;
      await this.#listen(index, (socket) => {
        const options = { end: `${index}s`, role: 'server', script, journal: this.#journal };
        this.peers.push(new RawPeer(socket, options));
      });
    }
    await this.#listen('control', serveControl);
  }

  /** Starts the control client, which talks to the server from the beginning to the end. */
  async watchServer(port) {
    this.control = new ControlClient(this.#connect(port));
    while (!this.control.isReady) await sleep(1);
  }

  /** Starts the peers that connect to the server. */
  connect({ links }, port) {
    for (const [index, { kind, peer: script }] of links.entries()) {
      if (kind !== 'accept') continue;
      const options = { end: `${index}c`, role: 'client', script, journal: this.#journal };
      this.peers.push(new RawPeer(this.#connect(port), options));
    }
  }

  finish() {
    for (const peer of this.peers) peer.finish();
  }

  end() {
    for (const peer of this.peers) peer.destroy();
    for (const socket of this.#sockets) socket.destroy();
    for (const listener of this.#listeners) listener.close();
  }

  get isDone() {
    return this.peers.every(({ isDone }) => isDone);
  }

  async #listen(name, accept) {
    const listener = await listen((raw) => {
      this.#sockets.push(raw);
      accept({ raw, socket: this.#isSecure ? secured(raw) : raw });
    });
    this.#listeners.push(listener);
    this.ports[name] = listener.address().port;
  }

  #connect(port) {
    const raw = connect({ host: HOST, port, noDelay: true, allowHalfOpen: true });
    this.#sockets.push(raw);
    raw.on('error', ignore);
    if (!this.#isSecure) return { raw, socket: raw };
    const options = { socket: raw, allowHalfOpen: true, rejectUnauthorized: false };
    return { raw, socket: connectTls(options) };
  }
}

const folder = mkdtempSync(join(tmpdir(), 'wirespeed-programs-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const journalPath = join(folder, 'journal');
let journal;
let subject;

function livingSubject() {
  if (subject === undefined || subject.ended !== undefined) subject = new Subject(journalPath);
  return subject;
}

/** Runs a case to its end. Returns the reports of the process and the peers. */
async function runIn(input, peers) {
  await peers.listen(input);
  const { port } = await subject.ask('start', { input });
  await peers.watchServer(port);
  await subject.ask('run', { ports: peers.ports });
  peers.connect(input, port);
  const until = performance.now() + input.time;
  while (performance.now() < until) {
    await sleep(5);
    if (peers.isDone && (await subject.ask('isQuiet'))) break;
  }
  if (input.ending === 'peers') peers.finish();
  peers.control.stop();
  await subject.ask('end', { order: input.ending });
  peers.end();
  return subject.ask('report');
}

/** Cases run one after the other, even if the caller of the last one does not wait for its end. */
let last = Promise.resolve();

function inTurn(run) {
  const turn = last.then(run);
  last = turn.then(ignore, ignore);
  return turn;
}

/** Runs a case. `failure` says why it could not be run to its end. */
export function runPrograms(input) {
  return inTurn(() => runCase(input));
}

async function runCase(input) {
  journal ??= new Journal(journalPath);
  clearJournal(journalPath);
  livingSubject();
  const peers = new Peers(journal, input);
  const facts = () => ({
    peers: peers.peers.map(({ record }) => record),
    control: peers.control,
  });
  try {
    const report = await runIn(input, peers);
    return { report, ...facts() };
  } catch (error) {
    return { failure: error.message, ...facts() };
  } finally {
    peers.end();
  }
}

/** Ends the process, so that the next case begins in a new one. */
export function replaceProcess() {
  subject?.kill();
  subject = undefined;
}

/** Asks the process what is in its memory after a garbage collection. */
export function measureProcess() {
  return inTurn(() => livingSubject().ask('measure'));
}

/** Returns what happened on these links in the last case. */
export function journalOf(links) {
  return readJournal(journalPath, links);
}
