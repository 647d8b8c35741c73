/**
 * Measures how messages are written as frames. Ours writes them into memory from which a batch is sent. ws's Sender hands
 * header and payload to the socket separately, so without masking it copies nothing. Its figure does not include what two
 * writes cost the socket.
 *
 *   node bench/micro/frame-writer.mjs
 */
import { Sender } from 'ws';
import { FrameWriter, Opcode } from '../../dist/entries/protocol.js';
import { nodeKernels } from '../../dist/internal/node-kernels.js';
import { compare } from './rounds.mjs';
import { createSlab, keys, openSessions } from './sessions.mjs';

/** Messages written in one call, since a single one would be too short for the clock. */
const COUNT = 100;
const kernels = nodeKernels();
const outputs = { client: createSlab(kernels), server: createSlab(kernels) };
const sessions = openSessions(kernels, outputs);

for (const role of ['client', 'server']) {
  for (const size of [20, 256, 512, 65_536]) {
    const payload = Buffer.alloc(size, 7);
    const isMasked = role === 'client';
    const writer = new FrameWriter(kernels, outputs[role], isMasked ? keys : undefined);
    const session = sessions[role];
    let written = 0;
    const socket = {
      cork() {},
      uncork() {},
      write(bytes) {
        written += bytes.length;
      },
    };
    const sender = new Sender(socket);
    const options = { fin: true, binary: true, mask: isMasked, compress: false };
    const repeat = (task) => () => {
      for (let i = 0; i < COUNT; i++) task();
    };
    await compare(
      `${role}, ${size} bytes${isMasked ? ', masked' : ''}`,
      { count: COUNT, bytes: size },
      {
        FrameWriter: repeat(() => writer.write(Opcode.binary, true, payload)),
        'Session.sendBinary': repeat(() => session.sendBinary(payload)),
        'Sender of ws': repeat(() => sender.send(payload, options)),
      },
    );
    if (written === 0) throw new Error('ws has written nothing');
  }
}
