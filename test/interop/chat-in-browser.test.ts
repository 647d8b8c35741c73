/**
 * Two tabs of a browser chat through the examples. With the variable `CHAT_SCREENSHOT` a picture is taken.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from './peers.mjs';

const FOLDER = new URL('../../examples/', import.meta.url);
const { path: executablePath } = findChromium();

describe.skipIf(executablePath === undefined)('two tabs of Chromium', () => {
  let browser: Browser;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath as string,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    });
  });
  afterAll(async () => {
    await browser.close();
    for (const child of children) child.kill('SIGKILL');
  });

  async function site(example: string): Promise<string> {
    const child = spawn(process.execPath, [fileURLToPath(new URL(example, FOLDER)), '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    return line.trim();
  }

  /** Opens a tab in a browser profile of its own: its cookies are its own. */
  async function tab(url: string, name?: string): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 480, height: 420 } });
    const page = await context.newPage();
    await page.goto(url);
    if (name !== undefined) {
      await page.getByLabel('Your name').fill(name);
      await page.getByRole('button', { name: 'Log in' }).click();
    }
    await page.getByText('online').waitFor();
    return page;
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Message').fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  }

  const log = (page: Page): Promise<string[]> => page.locator('#log li').allTextContents();

  it.each([
    ['chat.mjs', undefined, ['hello', 'hi there']],
    ['chat-hono.mjs', undefined, ['hello', 'hi there']],
    ['chat-vite.mjs', undefined, ['hello', 'hi there']],
    ['chat-express.mjs', ['Ann', 'Bob'], ['Ann: hello', 'Bob: hi there']],
  ])('chat through %s', async (example, names, lines) => {
    const url = await site(example);
    const [ann, bob] = [await tab(url, names?.[0]), await tab(url, names?.[1])];
    await say(ann, 'hello');
    await bob.locator('#log li').nth(0).waitFor();
    await say(bob, 'hi there');
    for (const page of [ann, bob]) {
      await page.locator('#log li').nth(1).waitFor();
      expect(await log(page)).toEqual(lines);
    }
    const { CHAT_SCREENSHOT } = process.env;
    if (CHAT_SCREENSHOT !== undefined) {
      await ann.screenshot({ path: `${CHAT_SCREENSHOT}-${example}.png` });
    }
  });
});
