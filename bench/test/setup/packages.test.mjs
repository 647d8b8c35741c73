import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bunPackage, denoPackage } from '../../setup/packages.mjs';

test('names the packages of the runtimes per platform', () => {
  assert.equal(bunPackage('linux', 'x64'), '@oven/bun-linux-x64');
  assert.equal(bunPackage('darwin', 'arm64'), '@oven/bun-darwin-aarch64');
  assert.equal(bunPackage('win32', 'x64'), '@oven/bun-windows-x64');
  assert.equal(denoPackage('linux', 'arm64'), '@deno/linux-arm64-glibc');
  assert.equal(denoPackage('darwin', 'arm64'), '@deno/darwin-arm64');
});
