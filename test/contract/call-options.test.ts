/** Options of single calls: a wrong one is a TypeError, nothing is done, and the connection stays usable. */
import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { ECHO } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

type Calls = Record<string, (...args: unknown[]) => unknown>;

/** Neither undefined nor an object of options. */
const NO_OPTIONS: readonly unknown[] = [null, 5, 'text', true, ['text'], () => {}];

contract(
  'options of a call',
  ({ connectTo, face, it }) => {
    const wrong: [call: string, args: unknown[], message: RegExp][] = [
      ...NO_OPTIONS.map((options): [string, unknown[], RegExp] => [
        'send',
        ['x', options],
        /^send: options must be an object, not /,
      ]),
      ['send', ['x', { txt: true }], /^send: unknown option 'txt'; did you mean 'text'/],
      ['send', ['x', { binary: true }], /^send: unknown option 'binary'; .*{ text: true }/],
      ['send', ['x', { constructor: 1 }], /^send: unknown option 'constructor'/],
      ['send', ['x', { text: 'yes' }], /option 'text' must be true or false/],
      ['send', ['x', { compress: 0 }], /option 'compress' must be true or false/],
      ['send', ['x', { signal: {} }], /^send: signal must be an AbortSignal, not an object/],
      ['send', [new Blob(['x']), { text: 1 }], /option 'text' must be true or false/],
    ];
    if (face.name === 'events') {
      wrong.push(
        ['cork', [undefined], /^cork: it takes a function, not undefined/],
        ['cork', ['x'], /^cork: it takes a function/],
      );
    } else {
      for (const options of NO_OPTIONS) {
        wrong.push(['recv', [options], /^recv: options must be an object, not /]);
      }
      wrong.push(
        ['recv', [{ timeot: 5 }], /^recv: unknown option 'timeot'; did you mean 'timeout'/],
        ['recv', [{ timeout: '5' }], /^recv: timeout must be a number of milliseconds/],
      );
    }
    if (face.name === 'async') {
      wrong.push(
        ['recv', [{ signal: {} }], /^recv: signal must be an AbortSignal/],
        ['close', [1000, '', 5], /^close: options must be an object, not a number/],
        [
          'close',
          [1000, '', { signl: 1 }],
          /^close: unknown option 'signl'; did you mean 'signal'/,
        ],
        ['close', [1000, '', { signal: {} }], /^close: signal must be an AbortSignal/],
      );
    }
    if (face.name === 'sync') {
      wrong.push(
        ['send', ['x', { timeout: '5' }], /^send: timeout must be a number of milliseconds/],
        ['recv', [{ signal: undefined }], /^recv: unknown option 'signal'; .*give it a 'timeout'/],
        ['ping', ['x', 5], /^ping: options must be an object, not a number/],
        ['ping', ['x', { timeot: 5 }], /^ping: unknown option 'timeot'/],
      );
    }

    it.everywhere('of the wrong kind is a TypeError, and nothing is sent', async () => {
      const { client, script } = await connectTo([ECHO]);
      const calls = client.raw as Calls;
      for (const [name, args, message] of wrong) {
        const error = await rejection((async () => calls[name]?.(...args))());
        expect(error, message.source).toBeInstanceOf(TypeError);
        expect(error.message).toMatch(message);
      }
      await client.send('still here');
      expect(await client.recv()).toBe('still here');
      await client.close();
      expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 8]);
    });

    it.everywhere('that is undefined is one that is not given', async () => {
      const { client } = await connectTo([ECHO]);
      const calls = client.raw as Calls;
      await calls.send?.('x', { text: undefined, compress: undefined, signal: undefined });
      expect(await client.recv()).toBe('x');
    });

    if (face.name === 'sync') {
      it.everywhere('cannot help with the Blob of a file, which a TypeError says', async () => {
        const { client } = await connectTo([ECHO]);
        const blob = await openAsBlob(fileURLToPath(import.meta.url));
        for (const data of [blob, blob.slice(0, 4), new Blob(['a', blob])]) {
          const error = await rejection(client.send(data));
          expect(error).toBeInstanceOf(TypeError);
          expect(error.message).toMatch(/^send: the Blob has to be waited for, .*fs\.readFileSync/);
        }
        await client.send(new Blob(['still here']), { text: true });
        expect(await client.recv()).toBe('still here');
      });
    } else {
      it.everywhere('may go with the Blob of a file', async () => {
        const { client } = await connectTo([ECHO]);
        const blob = await openAsBlob(fileURLToPath(import.meta.url));
        await client.send(blob.slice(0, 17), { text: true });
        expect(await client.recv()).toBe('/** Options of si');
      });
    }
  },
  ['plain'],
);
