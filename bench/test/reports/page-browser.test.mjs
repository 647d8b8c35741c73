import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from '../../../test/interop/peers.mjs';
import { Measured } from '../../reports/measured.mjs';
import { renderPage } from '../../reports/page/page.mjs';
import { makeRecords } from '../support/synthetic-records.mjs';

const program = findChromium();
const skip =
  program.path === undefined ? `Chromium is not here; to get it: ${program.hint}` : false;
const folder = mkdtempSync(join(tmpdir(), 'wirespeed-page-'));
const file = join(folder, 'page.html');
const measured = new Measured(makeRecords({ samples: 40 }));
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  writeFileSync(file, renderPage(measured, 'run.jsonl'));
  if (!skip) {
    browser = await chromium.launch({ executablePath: program.path, args: ['--no-sandbox'] });
  }
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/**
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {string} [hash]
 */
async function open(options, hash = '') {
  const page = await browser.newPage(options);
  const faults = /** @type {string[]} */ ([]);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith('file:')) faults.push(`asks for ${request.url()}`);
  });
  await page.goto(pathToFileURL(file).href + hash);
  return { page, faults };
}

for (const width of [360, 1280]) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    test(`fits ${width} pixels, ${colorScheme}, without a fault or a request`, {
      skip,
    }, async () => {
      const { page, faults } = await open({ viewport: { width, height: 900 }, colorScheme });
      const overflow = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      assert.equal(overflow, 0);
      assert.deepEqual(faults, []);
      await page.close();
    });
  }
}

test('ranks every client of the cell that is chosen', { skip }, async () => {
  const { page } = await open({ viewport: { width: 1280, height: 900 } });
  const rows = page.locator('.ranking .client');
  assert.equal(await rows.count(), measured.sections[0]?.peers.length);
  await page.getByRole('button', { name: 'Pipelined' }).click();
  await page.getByRole('button', { name: 'blocking' }).click();
  const names = await page.locator('.ranking .who b').allTextContents();
  assert.deepEqual(names.toSorted(), [
    'floor: net.Socket',
    'websocket-client',
    'websocket-rs sync',
    'websockets sync',
    'wirespeed sync',
  ]);
  assert.match(await page.evaluate('location.hash'), /^#cell=main%2Fpipelined%2F512/);
  await page.close();
});

test('opens at the cell that its address names', { skip }, async () => {
  const { page } = await open({}, '#cell=second%2Frr%2F64%20KiB');
  assert.match(
    String(await page.locator('.cell-title').textContent()),
    /64 KiB · server fastwebsockets/,
  );
  await page.close();
});

test('shows memory where that is what was measured, the least first', { skip }, async () => {
  const { page, faults } = await open({}, '#cell=idle%2Fidle%2F20%20B%2C%201000%20connections');
  const texts = await page.locator('.ranking .client .median').allTextContents();
  const sizes = texts.map((text) => Number.parseFloat(text));
  assert.ok(sizes.length > 20 && texts.every((text) => text.endsWith(' KiB')));
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  );
  assert.equal(await page.locator('.percentiles').isVisible(), false);
  assert.deepEqual(faults, []);
  await page.close();
});

test('leads from a field of the matrix to its cell', { skip }, async () => {
  const { page } = await open({ viewport: { width: 1280, height: 900 } });
  await page.locator('.matrix tr', { hasText: 'undici' }).first().locator('td a').nth(2).click();
  assert.match(String(await page.locator('.cell-title').textContent()), /^Request-response, 2 KiB/);
  await page.waitForFunction(
    'document.getElementById("explorer").getBoundingClientRect().top < 100',
  );
  await page.close();
});

test('opens a row to its rounds and samples, and compares the others with it', {
  skip,
}, async () => {
  const { page, faults } = await open({ viewport: { width: 360, height: 900 } });
  const row = page.locator('.ranking details', { hasText: 'websockets sync' });
  await row.locator('summary').click();
  await row.locator('.strip svg path').first().waitFor();
  assert.equal(await row.locator('.strip:not(.axis)').count(), 7);
  const dots = String(await row.locator('.strip svg path').first().getAttribute('d'));
  assert.equal(dots.match(/h0/g)?.length, 40);
  await row.getByRole('button').click();
  const factor = page.locator('.ranking details', { hasText: 'wirespeed sync' }).locator('.factor');
  assert.match(String(await factor.textContent()), /^0\.\d\d×$/);
  assert.deepEqual(faults, []);
  await page.close();
});

test('changes its colours on request, over what the system wants', { skip }, async () => {
  const { page } = await open({ colorScheme: 'dark' });
  const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const dark = await paper();
  await page.locator('#theme').click();
  assert.notEqual(await paper(), dark);
  await page.locator('#theme').click();
  assert.equal(await paper(), dark);
  await page.close();
});
