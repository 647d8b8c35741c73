import { Blob } from 'node:buffer';
import { openAsBlob } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { blobBytes } from '../../src/blocking/blob-bytes.ts';

it('returns the bytes of a Blob in memory, whatever it is made of', () => {
  const pieces = Array.from({ length: 5 }, (_, i) => new Uint8Array(1_000_000).fill(i));
  const all = Buffer.concat(pieces);
  expect(all.equals(blobBytes(new Blob(pieces)))).toBe(true);
  const nested = new Blob([new Blob(pieces), new Blob([]), '']);
  expect(all.subarray(500, 2_000_001).equals(blobBytes(nested.slice(500, 2_000_001)))).toBe(true);
  expect(Buffer.from(blobBytes(new Blob(['é', new Blob(['è'])]))).toString()).toBe('éè');
  expect(blobBytes(new Blob([]))).toHaveLength(0);
});

it('refuses a Blob that has to be waited for, and ignores bytes that come late', async () => {
  const file = await openAsBlob(fileURLToPath(import.meta.url));
  for (const blob of [file, file.slice(0, 4), new Blob(['a', file]), new Blob([file, 'a'])]) {
    expect(() => blobBytes(blob)).toThrow(TypeError);
    expect(await blob.text()).not.toBe('');
  }
});

it('refuses a Blob where this version of Node.js lacks a private name', () => {
  expect(() => blobBytes({ size: 4 } as Blob)).toThrow(/has to be waited for/);
});
