import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { open, start } from './running-server.ts';

const certificate = (name: string): Buffer =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url));

const WIDE = { breakLength: Number.POSITIVE_INFINITY };

it('a server is shown with its address and its number of connections', async () => {
  const server = await start({
    tls: { cert: certificate('localhost'), key: certificate('server-key'), passphrase: 'secret' },
  });
  const { url, host, port } = server;
  expect(inspect(server, WIDE)).toBe(
    `Server ${inspect({ url, host, port, state: 'open', connections: 0 }, WIDE)}`,
  );
  expect(inspect({ server }, { depth: 0 })).toBe('{ server: [Server] }');
  await open(server, { tls: { ca: certificate('authority') } });
  expect(inspect(server)).toMatch(/connections: 1\n/);
  expect(inspect(server, { depth: Number.POSITIVE_INFINITY })).not.toMatch(/secret|PRIVATE/);
});

it("a server's connection is shown with the address of its client", async () => {
  const shown: string[] = [];
  const server = await start({
    handlers: {
      open(ws) {
        ws.data = { password: 'secret' };
        shown.push(inspect(ws, WIDE), inspect(server.connections, WIDE));
      },
    },
  });
  const ws = await open(server, { headers: { Authorization: 'Bearer secret' } });
  const [alone = '', amongOthers = ''] = shown;
  const remotePort = ws.localAddress?.port;
  expect(alone).toMatch(
    new RegExp(
      `^EventConnection { url: '${server.url}', remoteAddress: '127.0.0.1', remotePort: ${remotePort}, state: 'open', protocol: '', bufferedAmount: \\d+ }$`,
    ),
  );
  expect(amongOthers).toBe(`Set(1) { ${alone} }`);
});
