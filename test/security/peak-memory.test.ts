/**
 * The peak memory of a process whose peer does its worst. Each case runs in a process of its own, which prints how much
 * its resident memory has grown at the peak.
 */
import { connect as connectTcp } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MEBIBYTE } from '../support/deflated.ts';
import { type FrameFields, frame } from '../support/frames.ts';
import { request } from '../support/handshakes.ts';
import { flood, peer, STOP_READING, type Step, sendBytes } from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';

const MIB = 2 ** 20;
const LIMIT = 4 * MIB;
/** Bytes that a process may take beyond that: zlib, buffers, and garbage that is not collected yet. */
const SLACK = 64 * MIB;

/** Milliseconds in which a peer that is not bounded would send several times the slack. */
const TIME = 500;

/** Bytes, and how often they are sent. */
type Run = readonly [Uint8Array, number];

interface Abuse {
  /** Makes what the peer sends first, masked with the key or unmasked. */
  runs: (key: readonly number[] | undefined) => readonly Run[];
  /** What it sends afterwards, again and again. */
  flood?: FrameFields;
  /** The close code that it gets; `undefined` if the connection goes on. */
  code: number | undefined;
}

const GIBIBYTE = 1024 * MEBIBYTE.length;

const ABUSES: Readonly<Record<string, Abuse>> = {
  // CVE-2018-1000518, CVE-2026-1526: 1 GiB out of a message of 1 MB.
  'a frame that inflates to 1 GiB': {
    runs: (key) => [
      [frame({ opcode: 2, rsv: 4, key, length: BigInt(GIBIBYTE) }), 1],
      [MEBIBYTE, 1024],
    ],
    code: 1009,
  },
  'fragments that inflate to 1 GiB': {
    runs: (key) => [
      [frame({ opcode: 2, rsv: 4, key, payload: MEBIBYTE, isFinal: false }), 1],
      [frame({ opcode: 0, key, payload: MEBIBYTE, isFinal: false }), 1023],
    ],
    code: 1009,
  },
  // CVE-2026-109932, CVE-2026-11586: automatic pongs that the peer does not read.
  'pings without end and hardly reads the pongs': {
    runs: () => [],
    flood: { opcode: 9, payload: 'x'.repeat(125) },
    code: undefined,
  },
  'pongs without end': {
    runs: () => [],
    flood: { opcode: 10, payload: 'x'.repeat(125) },
    code: undefined,
  },
  // CVE-2026-48779, CVE-2026-62389, CVE-2026-12151: fragments without end.
  'empty fragments without end': {
    runs: (key) => [[frame({ opcode: 2, key, isFinal: false }), 1]],
    flood: { opcode: 0, isFinal: false },
    code: 1009,
  },
};

const GROWTH = `
  const before = process.resourceUsage().maxRSS;
  const tell = (code) => {
    console.log(code, (process.resourceUsage().maxRSS - before) * 1024);
    process.exit();
  };
  setTimeout(() => tell(undefined), ${TIME});
  const options = { perMessageDeflate: true, maxMessageSize: ${LIMIT} };`;

/** Programs that connect to URL, receive, and print how it ended and how much their memory grew. */
const FACES = {
  async: `
    import { connect } from 'wirespeed';
    ${GROWTH}
    const ws = await connect(URL, options);
    ws.recv().catch((error) => tell(error.closeCode));`,
  events: `
    import { connect } from 'wirespeed/events';
    ${GROWTH}
    await connect(URL, { message() {}, error: (_, error) => tell(error.closeCode) }, options);`,
  sync: `
    import { connect } from 'wirespeed/sync';
    ${GROWTH}
    const ws = connect(URL, options);
    try {
      ws.recv({ timeout: ${TIME} });
    } catch (error) {
      tell(error.closeCode);
    }`,
} as const;

const SERVER = `
  import { serve } from 'wirespeed/server';
  ${GROWTH}
  const server = await serve({
    host: '127.0.0.1',
    ...options,
    handlers: {
      message: (ws, data) => void ws.send(data),
      error: (_, error) => tell(error.closeCode),
    },
  });
  console.log(server.port);`;

function expectGrowth(line: string | undefined, code: number | string | undefined): void {
  const [told, growth] = (line ?? '').split(' ');
  expect(told).toBe(String(code));
  expect(Number(growth)).toBeLessThan(LIMIT + SLACK);
}

/** Masking with this key changes nothing, so a payload can be sent in any pieces. */
const NO_CHANGE = [0, 0, 0, 0];
const EXTENSION = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };

/** Repeats a frame to some 64 KiB. */
function many(fields: FrameFields): Run {
  const bytes = frame(fields);
  return [bytes, Math.ceil(65_536 / bytes.length)];
}

/** Attacks the server at a port, and never reads what it sends. */
function attack(port: number, { runs, flood: flooding }: Abuse): void {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write(request(EXTENSION));
  for (const [bytes, times] of runs(NO_CHANGE)) {
    for (let i = 0; i < times; i++) socket.write(bytes);
  }
  if (flooding === undefined) return;
  const [bytes, times] = many({ ...flooding, key: NO_CHANGE });
  const chunk = Buffer.concat(new Array(times).fill(bytes));
  const write = (): void => {
    if (socket.destroyed) return;
    if (socket.write(chunk)) setImmediate(write);
    else socket.once('drain', write);
  };
  write();
}

for (const [what, abuse] of Object.entries(ABUSES)) {
  describe(`the memory of a process whose peer sends ${what}`, () => {
    for (const [face, program] of Object.entries(FACES)) {
      it(`stays near the limit in the ${face} client`, async () => {
        const { runs, flood: flooding, code } = abuse;
        const steps: Step[] = runs(undefined).map((run) => sendBytes(...run));
        // A blocking call waits until its pongs have left, and receives nothing meanwhile.
        if (code === undefined && face !== 'sync') steps.unshift(STOP_READING);
        if (flooding !== undefined) steps.push(flood(...many(flooding)));
        const { url } = peer.script('plain', { steps, opening: { headers: EXTENSION } });
        const { lines, stderr } = await runProgram(program.replace('URL', JSON.stringify(url)));
        expect(stderr).toBe('');
        expectGrowth(lines[0], code);
      });
    }

    it('stays near the limit in a server', async () => {
      const { lines, stderr } = await runProgram(SERVER, {
        onFirstLine: (line) => attack(Number(line), abuse),
      });
      expect(stderr).toBe('');
      expectGrowth(lines[1], abuse.code);
    });
  });
}

/** Programs that connect to URL and receive no message. */
const NOT_RECEIVING: Readonly<Record<keyof typeof FACES, string>> = {
  async: `
    import { connect } from 'wirespeed';
    ${GROWTH}
    await connect(URL, options);`,
  events: `
    import { connect } from 'wirespeed/events';
    ${GROWTH}
    await connect(URL, { message: (ws) => ws.pause(), error: (_, { code }) => tell(code) }, options);`,
  sync: `
    import { connect } from 'wirespeed/sync';
    ${GROWTH}
    connect(URL, options);`,
};
const MESSAGES: FrameFields = { opcode: 2, payload: new Uint8Array(1000) };

describe('the memory of a process that receives nothing, while messages come without end,', () => {
  for (const [face, program] of Object.entries(NOT_RECEIVING)) {
    it(`stays small in the ${face} client`, async () => {
      const { url } = peer.script('plain', { steps: [flood(...many(MESSAGES))] });
      const { lines, stderr } = await runProgram(program.replace('URL', JSON.stringify(url)));
      expect(stderr).toBe('');
      expectGrowth(lines[0], undefined);
    });
  }

  it('stays small in a server', async () => {
    const program = SERVER.replace(
      'message: (ws, data) => void ws.send(data)',
      'open: (ws) => ws.pause()',
    );
    const { lines, stderr } = await runProgram(program, {
      onFirstLine: (line) =>
        attack(Number(line), { runs: () => [], flood: MESSAGES, code: undefined }),
    });
    expect(stderr).toBe('');
    expectGrowth(lines[1], undefined);
  });
});

describe('the memory of a server whose client reads nothing', () => {
  it('stays near maxBufferedAmount, however much is sent', async () => {
    const program = SERVER.replace('...options', `...options, maxBufferedAmount: ${LIMIT}`);
    const echoed: Abuse = {
      runs: () => [],
      flood: { opcode: 2, payload: new Uint8Array(60_000) },
      code: undefined,
    };
    const { lines, stderr } = await runProgram(program.replace('error.closeCode', 'error.code'), {
      onFirstLine: (line) => attack(Number(line), echoed),
    });
    expect(stderr).toBe('');
    expectGrowth(lines[1], 'WS_SLOW_PEER');
  });
});
