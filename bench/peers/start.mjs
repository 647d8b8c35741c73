/**
 * Measures the way from nothing to the first reply: a process that starts, loads a client, connects, sends a message and
 * has its reply. Each is measured beside an empty process, whose time is subtracted. Its arguments are the client and the
 * work as JSON. It answers as `driver.mjs` does.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const PROCESSES = 8;

/** Has a process print at its end what CPU it has used. */
const REPORT = `process.on('exit', () => console.log(JSON.stringify(process.cpuUsage())));`;

const [client = '', work = ''] = process.argv.slice(2);
const { tasks, url } = JSON.parse(work);
const root = createRequire(new URL('../../package.json', import.meta.url));
const here = createRequire(import.meta.url);
/** @param {ReturnType<typeof createRequire>} from @param {string} name */
const urlOf = (from, name) => JSON.stringify(pathToFileURL(from.resolve(name)).href);

/** What a user would write, by client. @type {Record<string, () => string>} */
const PROGRAMS = {
  sync: () => `
    import { connect } from ${urlOf(root, 'wirespeed/sync')};
    const ws = connect('${url}');
    ws.send('hello');
    ws.recv();`,
  async: () => `
    import { connect } from ${urlOf(root, 'wirespeed')};
    const ws = await connect('${url}');
    ws.send('hello');
    await ws.recv();`,
  events: () => `
    import { connect } from ${urlOf(root, 'wirespeed/events')};
    await new Promise(async (resolve) => {
      const ws = await connect('${url}', { message: resolve });
      ws.send('hello');
    });`,
  ws: () => `
    import WebSocket from ${urlOf(here, 'ws')};
    const ws = new WebSocket('${url}');
    ws.on('open', () => ws.send('hello'));
    await new Promise((resolve) => ws.on('message', resolve));`,
};
const program = PROGRAMS[client];
if (program === undefined) throw new Error(`there is no program for ${client}`);
const source = `${program()}\nprocess.exit();`;

for (let i = 0; i < tasks.length; i++) {
  runOnce(source);
  const times = [];
  const totals = { messages: 0, elapsed: 0, clientUser: 0, clientSystem: 0 };
  while (times.length < PROCESSES) {
    const empty = runOnce('process.exit();');
    const whole = runOnce(source);
    times.push(whole.elapsed - empty.elapsed);
    totals.messages++;
    totals.elapsed += whole.elapsed - empty.elapsed;
    totals.clientUser += whole.user - empty.user;
    totals.clientSystem += whole.system - empty.system;
  }
  answer({ type: 'samples', times });
  answer({ type: 'finished', ...totals });
}

/**
 * Runs a program to its end.
 *
 * @param {string} text
 * @returns {{ elapsed: number, user: number, system: number }} µs
 */
function runOnce(text) {
  const begun = performance.now();
  const args = ['--input-type=module', '--eval', `${REPORT}\n${text}`];
  const reported = execFileSync(process.execPath, args, { encoding: 'utf8' });
  const elapsed = (performance.now() - begun) * 1000;
  return { elapsed, ...JSON.parse(reported) };
}

/** @param {object} line */
function answer(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
