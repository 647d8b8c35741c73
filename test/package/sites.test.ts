/**
 * The examples that are sites: each has its WebSocket on the port of its pages.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type Connection, connect } from 'wirespeed';

const FOLDER = new URL('../../examples/', import.meta.url);

const children: ChildProcess[] = [];
const clients: Connection[] = [];
afterEach(() => {
  for (const ws of clients.splice(0)) ws.terminate();
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts an example on a free port; returns the URL of its page. */
async function site(example: string): Promise<{ page: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(example, FOLDER)), '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return { page: line.trim(), child };
}

async function join(page: string, path = 'chat', options = {}): Promise<Connection> {
  const ws = await connect(page.replace('http', 'ws') + path, options);
  clients.push(ws);
  return ws;
}

describe.each(['chat.mjs', 'chat-hono.mjs', 'chat-vite.mjs'])('%s', (example) => {
  it('serves its page, and lets two clients chat', async () => {
    const { page } = await site(example);
    const html = await (await fetch(page)).text();
    expect(html).toContain('<title>Chat</title>');
    const [ann, bob] = [await join(page), await join(page)];
    await ann.send('hello, bob');
    expect([await ann.recv(), await bob.recv()]).toEqual(['hello, bob', 'hello, bob']);
  });
});

it("chat-vite.mjs leaves Vite's own WebSocket its requests", async () => {
  const { page } = await site('chat-vite.mjs');
  const token = /wsToken = "([^"]+)"/.exec(await (await fetch(`${page}@vite/client`)).text())?.[1];
  const hmr = await join(page, `?token=${token}`, { protocols: 'vite-hmr' });
  expect(JSON.parse((await hmr.recv()) as string)).toEqual({ type: 'connected' });
});

it('chat-express.mjs lets in who has logged in, from its own pages', async () => {
  const { page } = await site('chat-express.mjs');
  const origin = new URL(page).origin;
  await expect(join(page, 'chat', { origin })).rejects.toMatchObject({ status: 401 });
  const login = async (name: string): Promise<string> => {
    const answer = await fetch(`${page}login`, {
      method: 'POST',
      body: new URLSearchParams({ name }),
      redirect: 'manual',
    });
    expect(answer.status).toBe(303);
    return (answer.headers.getSetCookie()[0] as string).split(';')[0] as string;
  };
  const Cookie = await login('Ann Ö');
  const elsewhere = { origin: 'https://evil.example', headers: { Cookie } };
  await expect(join(page, 'chat', elsewhere)).rejects.toMatchObject({ status: 403 });
  const forged = { origin, headers: { Cookie: `${Cookie.slice(0, -2)}xx` } };
  await expect(join(page, 'chat', forged)).rejects.toMatchObject({ status: 401 });
  const ann = await join(page, 'chat', { origin, headers: { Cookie } });
  const bob = await join(page, 'chat', { origin, headers: { Cookie: await login('Bob') } });
  await bob.send('hello');
  expect(await ann.recv()).toBe('Bob: hello');
  await ann.send('hi');
  expect([await bob.recv(), await bob.recv()]).toEqual(['Bob: hello', 'Ann Ö: hi']);
});

it('chat-fastify.mjs serves each connection by a function', async () => {
  const { page } = await site('chat-fastify.mjs');
  expect(await (await fetch(page)).text()).toContain('<title>Chat</title>');
  const ann = await join(page, 'chat?name=Ann');
  expect(await ann.recv()).toBe('welcome, Ann');
  const bob = await join(page, 'chat?name=Bob');
  await bob.send('hello');
  expect(await ann.recv()).toBe('Bob: hello');
});

it('chat.mjs leaves at a signal, and tells its clients', async () => {
  const { page, child } = await site('chat.mjs');
  const ws = await join(page);
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await expect(ws.recv()).rejects.toMatchObject({ closeCode: 1012 });
  expect(await exited).toEqual([0, null]);
}, 20_000);
