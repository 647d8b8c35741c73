/**
 * A process ends by itself as soon as its connections are closed: nothing of the library keeps it.
 */
import { describe, expect, it } from 'vitest';
import { ECHO, peer, RESET, type Script, sendClose, sleep } from '../support/peer/index.ts';
import { runProgram } from '../support/run-program.ts';

/** Programs by what they do; `URL` stands for the peer's. */
const PROGRAMS: Readonly<Record<'async' | 'events' | 'sync', Readonly<Record<string, string>>>> = {
  async: {
    'after close': `
      import { connect } from 'wirespeed';
      const ws = await connect(URL);
      await ws.send('hello');
      await ws.recv();
      await ws.close();`,
    'after terminate': `
      import { connect } from 'wirespeed';
      const ws = await connect(URL);
      ws.terminate();`,
    'after the peer closed': `
      import { connect } from 'wirespeed';
      const ws = await connect(PEER_CLOSES);
      for await (const message of ws);`,
    'after the peer vanished': `
      import { connect } from 'wirespeed';
      const ws = await connect(PEER_VANISHES);
      await ws.recv().catch(() => {});`,
    'after a failed connect': `
      import { connect } from 'wirespeed';
      await connect('ws://127.0.0.1:1/').catch((error) => console.log(error.code));`,
    'after a connect that timed out': `
      import { connect } from 'wirespeed';
      await connect(PEER_IS_MUTE, { connectTimeout: 50 }).catch((error) => console.log(error.code));`,
    'with a connection that was let go by unref': `
      import { connect } from 'wirespeed';
      const ws = await connect(URL);
      ws.unref();`,
  },
  events: {
    'after close': `
      import { connect } from 'wirespeed/events';
      const ws = await connect(URL, { message: (ws) => ws.close() });
      ws.send('hello');`,
    'after the peer closed': `
      import { connect } from 'wirespeed/events';
      await connect(PEER_CLOSES, { message() {} });`,
    'after the peer vanished': `
      import { connect } from 'wirespeed/events';
      await connect(PEER_VANISHES, { message() {} });`,
    'after a failed connect': `
      import { connect } from 'wirespeed/events';
      await connect('ws://127.0.0.1:1/', {}).catch((error) => console.log(error.code));`,
  },
  sync: {
    'after close': `
      import { connect } from 'wirespeed/sync';
      const ws = connect(URL);
      ws.send('hello');
      ws.recv();
      ws.close();`,
    'after terminate': `
      import { connect } from 'wirespeed/sync';
      connect(URL).terminate();`,
    'after the peer closed': `
      import { connect } from 'wirespeed/sync';
      for (const message of connect(PEER_CLOSES));`,
    'after the peer vanished': `
      import { connect } from 'wirespeed/sync';
      try { connect(PEER_VANISHES).recv(); } catch {}`,
    'after a failed connect': `
      import { connect } from 'wirespeed/sync';
      try { connect('ws://127.0.0.1:1/'); } catch (error) { console.log(error.code); }`,
    'with a connection that was never closed': `
      import { connect } from 'wirespeed/sync';
      connect(URL).send('hello');`,
  },
};

/** Which clients are tested: all, unless the environment names some. */
const NAMES = process.env.WIRESPEED_TEST_FACES?.split(',');

for (const [face, programs] of Object.entries(PROGRAMS)) {
  if (NAMES !== undefined && !NAMES.includes(face)) continue;
  for (const listener of ['plain', 'tls'] as const) {
    describe(`the end of the process with the ${face} client, ${listener}`, () => {
      for (const [when, program] of Object.entries(programs)) {
        it(`comes by itself ${when}`, async () => {
          const urlOf = (script: Script): string => peer.script(listener, script).url;
          const urls = {
            PEER_CLOSES: urlOf({ steps: [sendClose(1000)] }),
            PEER_VANISHES: urlOf({ steps: [sleep(20), RESET] }),
            PEER_IS_MUTE: urlOf({ opening: { isMute: true } }),
            URL: urlOf({ steps: [ECHO] }),
          };
          let source = program;
          for (const [name, url] of Object.entries(urls)) {
            source = source.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), JSON.stringify(url));
          }
          const { code, lines, stderr, lingered } = await runProgram(
            `${source}\nconsole.log('done');`,
          );
          expect(lines.at(-1)).toBe('done');
          expect(stderr).toBe('');
          expect(code).toBe(0);
          expect(lingered).toBeLessThan(2000);
        });
      }
    });
  }
}
