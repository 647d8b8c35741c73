// Gives a stream to the receiver of the package `ws`, and records what it does.
import { PerMessageDeflate, Receiver } from 'ws';
import { piecesOf, toHex } from './bytes.mjs';
import { LIMITS } from './watched-session.mjs';

/** Returns the close code that `ws` attaches to its errors. */
function statusOf(error) {
  const key = Object.getOwnPropertySymbols(error).find(
    ({ description }) => description === 'status-code',
  );
  return error[key];
}

/** Gives one piece to a receiver and waits until it has read it. */
function write(receiver, piece) {
  return new Promise((resolve) => receiver._write(Buffer.from(piece), 'buffer', resolve));
}

/**
 * Gives a stream to a receiver of `ws` in pieces. Returns the events in the form of `WatchedSession`, and
 * how the stream ended: by a close frame, by a failure, or not at all.
 */
export async function wsOutcome(
  isServer,
  stream,
  sizes,
  { maxMessageSize, maxFragments },
  extensions = {},
) {
  const receiver = new Receiver({
    isServer,
    maxPayload: maxMessageSize,
    maxFragments,
    extensions,
  });
  const events = [];
  let end;
  receiver.on('message', (data, isBinary) =>
    events.push(`${isBinary ? 'binary' : 'text'}:${toHex(data)}`),
  );
  receiver.on('ping', (data) => events.push(`ping:${toHex(data)}`));
  receiver.on('pong', (data) => events.push(`pong:${toHex(data)}`));
  receiver.on('conclude', (code, reason) => {
    end = { kind: 'close', code, reason: toHex(reason) };
  });
  receiver.on('error', () => {});
  for (const piece of piecesOf(stream, sizes)) {
    const error = await write(receiver, piece);
    if (error) end = { kind: 'failure', code: statusOf(error), message: error.message };
    if (end !== undefined) break;
  }
  extensions[PerMessageDeflate.extensionName]?.cleanup();
  return { events, end };
}

/** The compression of `ws` for one end, as agreed on. */
export function wsCompression(isServer, { server, client }, maxPayload = LIMITS.maxMessageSize) {
  const deflate = new PerMessageDeflate({ isServer, threshold: 0, maxPayload });
  deflate.params = {
    server_no_context_takeover: server.noContextTakeover,
    client_no_context_takeover: client.noContextTakeover,
    // zlib compresses with 9 bits at least, and its streams refuse 8.
    server_max_window_bits: Math.max(isServer ? 9 : 8, server.windowBits),
    client_max_window_bits: Math.max(isServer ? 8 : 9, client.windowBits),
  };
  return { [PerMessageDeflate.extensionName]: deflate };
}
