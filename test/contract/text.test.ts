import { expect } from 'vitest';
import { ECHO, sendText } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

/** The first and the last characters of every plane that are no surrogates. */
const ALL_PLANES = Array.from({ length: 17 }, (_, plane) =>
  String.fromCodePoint(plane * 0x10000, plane * 0x10000 + 0xfffd, plane * 0x10000 + 0xffff),
).join('');

const TEXTS: Readonly<Record<string, string>> = {
  'characters of two, three and four bytes': 'é ß € 漢字 𝄞 👩‍🚀',
  'every plane of Unicode': ALL_PLANES,
  'the characters around the surrogates': '\ud7ff\ue000',
  'control characters and NUL': '\u0000\u0001\t\r\n\u007f\u0080',
  'a byte order mark at the start': '\ufeffmarked',
  'nothing but byte order marks': '\ufeff\ufeff',
  'combining characters as they are': 'e\u0301 \u00e9',
  nothing: '',
  'one long line of emoji': '🙂'.repeat(5000),
};

contract('text', ({ connectTo, it }) => {
  for (const [what, text] of Object.entries(TEXTS)) {
    const register = text.length < 1000 ? it.everywhere : it;
    register(`keeps ${what}`, async () => {
      const { client } = await connectTo([sendText(text), ECHO]);
      expect(await client.recv()).toBe(text);
      await client.send(text);
      expect(await client.recv()).toBe(text);
    });
  }

  const unpaired: Readonly<Record<string, string>> = {
    'a high surrogate at the end': 'a\ud800',
    'a low surrogate at the start': '\udc00b',
    'surrogates in the wrong order': '\udc00\ud800',
    'a high surrogate before a pair': '\ud83d\ud83d\ude42',
    'a long text with one in the middle': `${'x'.repeat(3000)}\udbff${'é'.repeat(3000)}`,
  };
  for (const [what, text] of Object.entries(unpaired)) {
    it(`sends U+FFFD for an unpaired surrogate: ${what}`, async () => {
      const { client, script } = await connectTo([ECHO]);
      await client.send(text);
      expect(await client.recv()).toBe(Buffer.from(text).toString());
      await client.close();
      // The peer notes text that is not UTF-8 as a fault.
      await script.seen();
    });
  }

  it('sends bytes as text where the caller says that they are', async () => {
    const { client, script } = await connectTo([ECHO]);
    await client.send(Buffer.from('häppy'), { text: true });
    expect(await client.recv()).toBe('häppy');
    await client.send(new Blob(['from a ', 'Blob']), { text: true });
    expect(await client.recv()).toBe('from a Blob');
    await client.close();
    expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 1, 8]);
  });

  it('throws a TypeError for bytes said to be text that are not UTF-8, and sends nothing', async () => {
    const { client, script } = await connectTo([ECHO]);
    const error = await rejection(client.send(Uint8Array.of(0x61, 0xff), { text: true }));
    expect(error).toBeInstanceOf(TypeError);
    await client.send('still here');
    expect(await client.recv()).toBe('still here');
    await client.close();
    expect((await script.seen()).frames.map(({ opcode }) => opcode)).toEqual([1, 8]);
  });
});
