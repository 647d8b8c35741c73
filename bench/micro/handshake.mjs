/**
 * Measures the opening handshake without a socket: what a session of each role costs until it is open. There is no figure
 * of ws beside it, because node:http makes its handshakes.
 *
 *   node bench/micro/handshake.mjs
 */

import { OutputBuffer } from '../../dist/entries/protocol.js';
import { nodeKernels } from '../../dist/internal/node-kernels.js';
import { compare } from './rounds.mjs';
import { accept, createClient, createServer, createSlab, receive } from './sessions.mjs';

const kernels = nodeKernels();
const output = createSlab(kernels);

/** The headers that a browser adds. */
const BROWSER = [
  ['Origin', 'https://app.example.com'],
  ['Cache-Control', 'no-cache'],
  ['Pragma', 'no-cache'],
  [
    'User-Agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  ],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Accept-Language', 'en-GB,en;q=0.9,de;q=0.8'],
  ['Cookie', `session=${'0123456789abcdef'.repeat(8)}; theme=dark`],
];

for (const [name, headers] of Object.entries({ 'the least headers': [], 'a browser’s': BROWSER })) {
  const request = writtenBy((target) => createClient(kernels, target, headers));
  const response = writtenBy((target) => accept(createServer(kernels, target), request));
  await compare(
    `${name}, a request of ${request.length} bytes`,
    { what: 'handshake', count: 1 },
    {
      'client: request, response checked': () => {
        const session = createClient(kernels, output, headers);
        receive(session, response, 0, response.length);
        if (session.state !== 'open') throw new Error('the client did not open');
      },
      'server: request checked, accepted': () => {
        const session = createServer(kernels, output);
        accept(session, request);
        if (session.state !== 'open') throw new Error('the server did not open');
      },
    },
  );
}

function writtenBy(write) {
  const target = new OutputBuffer();
  write(target);
  return target.take();
}
