/**
 * When messages leave: the first one of a turn at once, the others at its end, and all of them before the process
 * exits.
 */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server as TcpServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Server, serve } from 'wirespeed/server';
import { runProgram } from '../support/run-program.ts';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));

/** If a message has not come after so many milliseconds, it has not left. */
const MAX_WAIT = 2000;

let got: unknown[] = [];
let ended: (() => void) | undefined;
let isWanted: (() => void) | undefined;
/** Answers each connection with the messages that have come, for a program whose thread is busy meanwhile. */
let witness: TcpServer;
const servers: Server[] = [];

beforeAll(async () => {
  const tls = { cert: certificate('localhost'), key: certificate('server-key') };
  for (const options of [{}, { tls }]) {
    servers.push(
      await serve({
        ...options,
        handlers: {
          open: (ws) => void ws.send('go'),
          message(_, data) {
            got.push(data);
            isWanted?.();
          },
          close: () => ended?.(),
        },
      }),
    );
  }
  witness = createServer((socket) => {
    const timer = setTimeout(() => socket.end('nothing'), MAX_WAIT);
    isWanted = () => {
      clearTimeout(timer);
      socket.end(got.join());
    };
    if (got.length > 0) isWanted();
  });
  await new Promise<void>((resolve) => witness.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  witness.close();
  await Promise.all(servers.map((server) => server.close()));
});

beforeEach(() => {
  got = [];
  isWanted = undefined;
});

const CONNECT: Readonly<Record<string, string>> = {
  async: "import { connect } from 'wirespeed'; const ws = await connect(url); await ws.recv();",
  events: `import { connect } from 'wirespeed/events';
    const ws = await new Promise((resolve) => connect(url, { message: resolve }));`,
};

/** Asks the witness without giving the event loop a turn. */
const ASK = `
  import { execFileSync } from 'node:child_process';
  const ask = () => execFileSync(process.execPath, ['-e',
    'require("node:net").connect(+process.argv[1], "127.0.0.1").pipe(process.stdout)', port]).toString();`;

/** Runs a program; returns the messages that the server has got by its end, and what it printed. */
async function run(
  program: string,
  isSecure: boolean,
): Promise<{ came: unknown[]; lines: string[] }> {
  const url = servers[isSecure ? 1 : 0]?.url.replace(
    '127.0.0.1',
    isSecure ? 'localhost' : '127.0.0.1',
  );
  const { port } = witness.address() as AddressInfo;
  const over = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const { lines, stderr } = await runProgram(
    `const url = ${JSON.stringify(url)}; const port = '${port}'; ${program}`,
  );
  expect(stderr).toBe('');
  await over;
  return { came: got, lines };
}

describe.each([
  ['async', 'plain'],
  ['async', 'over TLS'],
  ['events', 'plain'],
  ['events', 'over TLS'],
])('with the %s client, %s,', (client, how) => {
  const connect = CONNECT[client] as string;
  const isSecure = how === 'over TLS';

  it('messages have left when the process exits right after send', async () => {
    expect((await run(`${connect} await ws.send('1'); process.exit();`, isSecure)).came).toEqual([
      '1',
    ]);
    // TLS takes a second write only in a later turn.
    if (isSecure) return;
    const programs = [
      `${connect} await ws.send('1'); await ws.send('2'); process.exit();`,
      `${connect} for (const text of '12') ws.send(text); process.exit();`,
      `${connect} ws.send('1'); ws.send('2'); ws.close(); process.exit();`,
      `${connect} setTimeout(() => { ws.send('1'); queueMicrotask(() => { ws.send('2'); process.exit(); }); }, 5);`,
    ];
    for (const program of programs) {
      got = [];
      expect((await run(program, isSecure)).came).toEqual(['1', '2']);
    }
  });

  it('a message leaves before the work that follows in the same turn', async () => {
    for (const wait of ['', 'await new Promise((resolve) => setTimeout(resolve, 5));']) {
      got = [];
      isWanted = undefined;
      const program = `${ASK} ${connect} ${wait} ws.send('x'); console.log(ask()); ws.terminate();`;
      expect((await run(program, isSecure)).lines).toEqual(['x']);
    }
  });
});

it('a message sent in a timer leaves at once each time, even if nothing is read in between', async () => {
  const program = `${ASK} ${CONNECT.events}
    let count = 0;
    const timer = setInterval(() => {
      ws.send(String(++count));
      const end = performance.now() + 10;
      while (performance.now() < end);
      if (count < 3) return;
      clearInterval(timer);
      ws.send('last of its turn');
      const answers = ask();
      console.log(answers.startsWith('1,2,3'));
      ws.close();
    }, 1);`;
  expect((await run(program, false)).lines).toEqual(['true']);
});

it('messages sent within cork have left when the process exits there', async () => {
  const program = `${CONNECT.events} ws.cork(() => { ws.send('1'); ws.send('2'); process.exit(); });`;
  expect((await run(program, false)).came).toEqual(['1', '2']);
});

it('messages of a handler have left when the handler exits the process', async () => {
  const program = `
    import { connect } from 'wirespeed/events';
    await connect(url, {
      message(ws) {
        ws.send('1');
        ws.cork(() => {
          ws.send('2');
          process.exit();
        });
      },
    });`;
  expect((await run(program, false)).came).toEqual(['1', '2']);
});
