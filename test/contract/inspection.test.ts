/** What `console.log` shows: what a connection is for a program, nothing of its inside, no secret. */
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import { ECHO, END } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

const SHOWN = { async: 'Connection', events: 'EventConnection', sync: 'SyncConnection' } as const;
const KEY = readFileSync(
  new URL('../support/certificates/server-key.pem', import.meta.url),
  'utf8',
);
const CERTIFICATE = readFileSync(
  new URL('../support/certificates/self-signed.pem', import.meta.url),
  'utf8',
);

contract(
  'what is shown',
  ({ connect, connectTo, script, face, way, it }) => {
    const name = SHOWN[face.name];

    it.everywhere(
      'of a connection is its URL, state, subprotocol and what it has buffered',
      async () => {
        const { client, script: target } = await connectTo(
          [ECHO],
          { protocols: ['chat'] },
          { opening: { headers: { 'Sec-WebSocket-Protocol': 'chat' } } },
        );
        const { raw } = client;
        const facts = { url: target.url, state: 'open', protocol: 'chat', bufferedAmount: 0 };
        expect(inspect(raw, { breakLength: Infinity })).toBe(
          `${name} ${inspect(facts, { breakLength: Infinity })}`,
        );
        expect(inspect({ deep: { raw } })).toContain(`raw: ${name} {`);
        expect(inspect(raw, { depth: 0 })).toContain("state: 'open'");
        expect(inspect({ raw }, { depth: 0 })).toBe(`{ raw: [${name}] }`);
        await client.close(4000, 'done');
        expect(inspect(raw)).toMatch(/state: 'closed',[\s\S]*closeCode: 4000,\s+closeReason: ''/);
      },
    );

    it.everywhere('of a connection and its end are no credentials, keys and sessions', async () => {
      const tls = way === 'over TLS' ? { key: KEY, cert: CERTIFICATE, passphrase: 'secret' } : {};
      const target = script([ECHO, END]);
      const url = `${target.url.replace('://', '://user:secret@')}&access_token=secret`;
      const client = await connect(url, {
        headers: { Cookie: 'secret', Authorization: 'Bearer secret' },
        auth: { username: 'user', password: 'secret' },
        ...(way === 'over TLS' ? { tls: { ...tls, rejectUnauthorized: false } } : {}),
      });
      const texts = [inspect(client.raw, { depth: Infinity })];
      await client.closed();
      const error = await rejection(client.recv());
      error.stack = '';
      texts.push(inspect(client.raw, { depth: Infinity }), inspect(error, { depth: Infinity }));
      for (const text of texts) {
        expect(text).not.toMatch(/secret|PRIVATE KEY|CERTIFICATE|Driver|Session|#/);
      }
    });
  },
  ['plain', 'over TLS'],
);
