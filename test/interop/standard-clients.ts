/**
 * Implementations of the standard's WebSocket: undici's, those of other runtimes, and a browser's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { WebSocket as UndiciWebSocket } from 'undici';
import { WebSocket as OurWebSocket } from 'wirespeed/websocket';
import { findBun, findChromium, findDeno, type PeerProgram } from './peers.mjs';
import { converse, type Seen } from './standard-client.mjs';

/** One implementation of the standard's WebSocket. */
export interface Client {
  readonly name: string;
  readonly isPresent: boolean;
  /** What it compresses, or lets be compressed, where the server agrees. */
  readonly compression: 'none' | 'receiving' | 'both';
  start(): Promise<void>;
  stop(): Promise<void>;
  converse(url: string, scenario: string, text?: string): Promise<Seen>;
}

const UNDICI: Client = {
  name: 'undici',
  isPresent: true,
  compression: 'receiving',
  start: async () => {},
  stop: async () => {},
  converse: (url, scenario, text) => converse(UndiciWebSocket, url, scenario, text),
};

const OURS: Client = {
  name: 'wirespeed/websocket',
  isPresent: true,
  compression: 'none',
  start: async () => {},
  stop: async () => {},
  converse: (url, scenario, text) =>
    converse(OurWebSocket as unknown as typeof WebSocket, url, scenario, text),
};

function ofRuntime(
  program: PeerProgram,
  options: string[],
  compression: Client['compression'],
): Client {
  const script = fileURLToPath(new URL('standard-client-process.mjs', import.meta.url));
  let child: ChildProcess | undefined;
  return {
    name: program.name,
    isPresent: program.path !== undefined,
    compression,
    start: async () => {},
    async stop() {
      child?.kill();
    },
    async converse(url, scenario, text) {
      const args = ['run', ...options, script, url, scenario];
      child = spawn(program.path as string, text === undefined ? args : [...args, text], {
        env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1', NO_COLOR: '1' },
      });
      let output = '';
      let complaint = '';
      child.stdout?.on('data', (chunk) => {
        output += chunk;
      });
      child.stderr?.on('data', (chunk) => {
        complaint += chunk;
      });
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(complaint);
      return JSON.parse(output);
    },
  };
}

/** A browser with a page, whose module the page imports from where it comes from itself. */
class BrowserClient implements Client {
  readonly name = 'Chromium';
  readonly compression = 'both';
  readonly #program = findChromium();
  #http: HttpServer | undefined;
  #browser: Browser | undefined;
  #page: Page | undefined;
  origin = '';

  get isPresent(): boolean {
    return this.#program.path !== undefined;
  }

  async start(): Promise<void> {
    const module = readFileSync(new URL('standard-client.mjs', import.meta.url));
    this.#http = createServer((request, response) => {
      const isModule = request.url === '/standard-client.mjs';
      response.setHeader('Content-Type', isModule ? 'text/javascript' : 'text/html');
      response.end(isModule ? module : '<!doctype html><title>Wirespeed</title>');
    });
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.origin = `http://localhost:${(this.#http.address() as AddressInfo).port}`;
    this.#browser = await chromium.launch({
      executablePath: this.#program.path as string,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    this.#page = await this.#browser.newPage();
    await this.#page.goto(this.origin);
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    this.#http?.close();
  }

  converse(...args: [string, string, string?]): Promise<Seen> {
    const call = `converse(WebSocket, ...${JSON.stringify(args)})`;
    const program = `import('/standard-client.mjs').then(({ converse }) => ${call})`;
    return (this.#page as Page).evaluate(program);
  }
}

/** Chromium. */
export const BROWSER = new BrowserClient();
/** Every implementation, those that are missing here among them. */
export const CLIENTS: readonly Client[] = [
  UNDICI,
  OURS,
  ofRuntime(findBun(), ['--no-install'], 'both'),
  ofRuntime(
    findDeno(),
    ['--quiet', '--allow-all', '--no-config', '--no-lock', '--no-remote'],
    'none',
  ),
  BROWSER,
];
