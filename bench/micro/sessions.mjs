/** Makes sessions of the protocol core without a socket, for the micro benchmarks. */
import { createHash, randomFillSync } from 'node:crypto';
import { MaskingKeys, OutputBuffer, Session } from '../../dist/entries/protocol.js';

/** Bytes of the memory that is written again and again, as that of batches is. */
const SLAB = 256 * 1024;
const NOW = 0;
const NONCE = new Uint8Array(16);
const LIMITS = {
  ...{ maxMessageSize: 64 * 1024 * 1024, maxFragments: 16_384 },
  ...{ openTimeout: 0, closeTimeout: 0, pingInterval: 0, pingTimeout: 0 },
};
/** The masking keys. As many are drawn at once as a connection draws. */
export const keys = new MaskingKeys((bytes) => randomFillSync(bytes), 1024);

const SINK = {
  ...{ onOpen() {}, onMessage() {}, onFrame() {}, onPing() {}, onPong() {} },
  ...{ onShutdown() {}, onClosed() {}, onRequest() {} },
  onFailure(error) {
    throw error;
  },
};

/** Makes an output in memory of the kernels. When it is full, it is written again from its start. */
export function createSlab(kernels) {
  return {
    bytes: kernels.allocate(SLAB),
    position: 0,
    limit: SLAB,
    isBlocked: false,
    reserve() {
      this.position = 0;
    },
  };
}

/** Begins a client's session, which writes its request. The request is the same each time. */
export function createClient(kernels, output, headers = [], sink = {}) {
  const request = { host: 'localhost:9001', target: '/feed', protocols: [], headers };
  const client = { ...request, maskingKeys: keys, nonce: NONCE };
  return Session.client(optionsOf(kernels, output, sink), client, NOW);
}

export function createServer(kernels, output, sink = {}) {
  return Session.server(optionsOf(kernels, output, sink), NOW);
}

/** Hands a request to a server, which writes the response to its output. */
export function accept(server, request) {
  server.receive(request, 0, request.length, NOW);
  server.accept('', [], NOW);
}

export function receive(session, bytes, start, end) {
  return session.receive(bytes, start, end, NOW);
}

/** Opens a session of each role, which has its output of `outputs` and its sink of `sinks` from then on. */
export function openSessions(kernels, outputs, sinks = {}) {
  const request = new OutputBuffer();
  createClient(kernels, request);
  const bytes = request.take();
  const response = new OutputBuffer();
  accept(createServer(kernels, response), bytes);
  const client = createClient(kernels, outputs.client, [], sinks.client);
  const answer = response.take();
  receive(client, answer, 0, answer.length);
  const server = createServer(kernels, outputs.server, sinks.server);
  accept(server, bytes);
  if (client.state !== 'open' || server.state !== 'open') throw new Error('they did not open');
  return { client, server };
}

function optionsOf(kernels, output, sink) {
  return {
    ...{ kernels, output, limits: LIMITS, autoPong: true, deliversFrames: false },
    sink: { ...SINK, ...sink },
    sha1: (text) => createHash('sha1').update(text, 'latin1').digest('base64'),
  };
}
