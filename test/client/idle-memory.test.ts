import { afterEach, expect, it } from 'vitest';
import { connect, type EventConnection } from 'wirespeed/events';
import { type Server, serve } from 'wirespeed/server';
import { runProgram } from '../support/run-program.ts';

/** Connections opened before the first look, so that it finds what a process allocates once. */
const FIRST = 100;
const MORE = 600;
/** Bytes of heap that a connection may add to those of its bare socket, which differ between versions of Node.js. */
const MAX_ADDED = 3000;

const MEASURE = `
  const heap = async () => {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      gc();
    }
    return process.memoryUsage().heapUsed;
  };
  const tell = (before, after) => {
    console.log(Math.round((after - before) / ${MORE}));
    process.exit();
  };
`;

/** A program that connects to a server in another process. */
const CLIENT = `
  import { connect } from 'wirespeed/events';
  ${MEASURE}
  const connections = [];
  const open = async (count) => {
    for (let i = 0; i < count; i++) connections.push(await connect(process.env.URL, { message() {} }));
  };
  await open(${FIRST});
  const before = await heap();
  await open(${MORE});
  tell(before, await heap());
`;

/** Opens sockets that nothing is read from. */
const SOCKETS = `
  import { once } from 'node:events';
  import { connect } from 'node:net';
  ${MEASURE}
  const sockets = [];
  const open = async (count) => {
    for (let i = 0; i < count; i++) {
      const socket = connect(new URL(process.env.URL).port, '127.0.0.1');
      sockets.push(socket);
      await once(socket, 'connect');
    }
  };
  await open(${FIRST});
  const before = await heap();
  await open(${MORE});
  tell(before, await heap());
`;

/** A program whose server gets more connections from another process, each time it has printed a line. */
const SERVER = `
  import { serve } from 'wirespeed/server';
  ${MEASURE}
  let wanted = ${FIRST};
  let isReached;
  const reach = (count) => {
    wanted = count;
    return new Promise((resolve) => { isReached = resolve; });
  };
  const server = await serve({
    host: '127.0.0.1',
    handlers: {
      open() { if (server.connections.size === wanted) isReached(); },
    },
  });
  const first = reach(${FIRST});
  console.log(server.url);
  await first;
  const before = await heap();
  const rest = reach(${FIRST + MORE});
  server.connections.values().next().value.send('more');
  await rest;
  tell(before, await heap());
`;

let server: Server | undefined;
const connections: EventConnection[] = [];
afterEach(async () => {
  for (const ws of connections.splice(0)) ws.terminate();
  await server?.close();
  server = undefined;
});

/** Returns the bytes of heap that each connection of a program's takes, opened to a server here. */
async function heapOf(program: string): Promise<number> {
  server ??= await serve({ host: '127.0.0.1', handlers: {} });
  const { lines, stderr } = await runProgram(program, {
    flags: ['--expose-gc'],
    env: { URL: server.url },
  });
  expect(stderr).toBe('');
  return Number(lines[0]);
}

async function openFrom(url: string): Promise<void> {
  const open = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      connections.push(await connect(url, { message: () => void open(MORE) }));
    }
  };
  await open(FIRST);
}

it('an idle connection takes a client little more heap than its socket does', async () => {
  const socket = await heapOf(SOCKETS);
  const connection = await heapOf(CLIENT);
  expect(connection).toBeGreaterThan(1000);
  expect(connection).toBeLessThan(socket + MAX_ADDED);
});

it('an idle connection takes a server little more heap than a socket does', async () => {
  const socket = await heapOf(SOCKETS);
  const { lines, stderr } = await runProgram(SERVER, {
    flags: ['--expose-gc'],
    onFirstLine: (url) => void openFrom(url),
  });
  expect(stderr).toBe('');
  expect(Number(lines[1])).toBeGreaterThan(1000);
  expect(Number(lines[1])).toBeLessThan(socket + MAX_ADDED);
});
