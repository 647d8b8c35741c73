/**
 * Measures how messages are read from received bytes: frames alone, whole messages as views, and ws's Receiver, which
 * hands out views as well. A client reads unmasked frames. A server reads masked ones, and unmasks them in place.
 *
 *   node bench/micro/frame-reader.mjs
 */
import { Receiver } from 'ws';
import { FrameReader, FrameWriter, Opcode, OutputBuffer } from '../../dist/entries/protocol.js';
import { nodeKernels } from '../../dist/internal/node-kernels.js';
import { compare } from './rounds.mjs';
import { createSlab, keys, openSessions, receive } from './sessions.mjs';

const MIN_STREAM_BYTES = 256 * 1024;
const kernels = nodeKernels();
/** The memory that a socket is read into. ws gets ordinary memory, since its buffers are Node's. */
const memory = kernels.allocate(2 * MIN_STREAM_BYTES);
const received = new Uint8Array(memory.buffer, memory.byteOffset, memory.length);

for (const role of ['client', 'server']) {
  for (const size of [20, 256, 512, 65_536]) {
    const { stream, count } = framesFor(role, size);
    received.set(stream);
    for (const readSize of [64 * 1024, 256 * 1024]) {
      const reads = readsOf(stream.length, readSize);
      await compare(
        `${role}, ${size} bytes, in reads of ${readSize / 1024} KiB`,
        { count, bytes: size },
        {
          'FrameReader, frames alone': frameReaderTask(role, reads, count),
          'Session, messages as views': sessionTask(role, reads, count),
          'Receiver of ws': receiverTask(role, stream, reads, count),
        },
      );
    }
  }
}

/** Makes whole frames, side by side, as the other end sends them. */
function framesFor(role, size) {
  const output = new OutputBuffer();
  const writer = new FrameWriter(kernels, output, role === 'server' ? keys : undefined);
  const payload = new Uint8Array(size).map((_, i) => i);
  let count = 0;
  for (; output.position < MIN_STREAM_BYTES; count++) writer.write(Opcode.binary, true, payload);
  return { stream: output.take(), count };
}

function readsOf(length, readSize) {
  const reads = [];
  for (let start = 0; start < length; start += readSize) {
    reads.push({ start, end: Math.min(start + readSize, length) });
  }
  return reads;
}

function frameReaderTask(role, reads, count) {
  let frames = 0;
  const consumer = {
    isHalted: false,
    beginFrame: () => true,
    receivePayload() {
      frames++;
    },
    receivePart(_bytes, _start, _end, isLast) {
      if (isLast) frames++;
    },
    receiveControl() {},
    fail(error) {
      throw error;
    },
  };
  const reader = new FrameReader(kernels, consumer, role === 'server');
  return () => {
    frames = 0;
    for (const { start, end } of reads) reader.read(received, start, end);
    check(frames, count);
  };
}

function sessionTask(role, reads, count) {
  let messages = 0;
  let last;
  const { buffer, byteOffset } = received;
  const onMessage = (bytes, start, end) => {
    messages++;
    last =
      bytes === received
        ? new Uint8Array(buffer, byteOffset + start, end - start)
        : bytes.subarray(start, end);
  };
  const outputs = { client: createSlab(kernels), server: createSlab(kernels) };
  const session = openSessions(kernels, outputs, { [role]: { onMessage } })[role];
  return () => {
    messages = 0;
    for (const { start, end } of reads) receive(session, received, start, end);
    check(messages, count);
    return last;
  };
}

function receiverTask(role, stream, reads, count) {
  let messages = 0;
  let last;
  const receiver = new Receiver({
    isServer: role === 'server',
    maxPayload: 64 * 1024 * 1024,
  });
  receiver.on('message', (data) => {
    messages++;
    last = data;
  });
  receiver.on('error', (error) => {
    throw error;
  });
  const chunks = reads.map(({ start, end }) => Buffer.from(stream.subarray(start, end)));
  return () => {
    messages = 0;
    for (const chunk of chunks) receiver.write(chunk);
    check(messages, count);
    return last;
  };
}

function check(found, expected) {
  if (found !== expected) throw new Error(`${found} messages instead of ${expected}`);
}
