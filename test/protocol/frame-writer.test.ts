import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeKernels } from '../../src/kernels/node.ts';
import { scalarKernels } from '../../src/kernels/scalar.ts';
import { Opcode } from '../../src/protocol/frame.ts';
import { FrameWriter } from '../../src/protocol/frame-writer.ts';
import { OutputBuffer } from '../../src/protocol/output.ts';
import { fixedMaskingKeys } from '../support/endpoint.ts';
import { concat, frame, KEY, parseFrames } from '../support/frames.ts';
import { SmallOutput } from '../support/small-output.ts';

function clientWriter(output = new OutputBuffer(), kernels = scalarKernels) {
  return { output, writer: new FrameWriter(kernels, output, fixedMaskingKeys()) };
}

function serverWriter(output = new OutputBuffer()) {
  return { output, writer: new FrameWriter(scalarKernels, output, undefined) };
}

describe('FrameWriter', () => {
  it('writes the examples of RFC 6455 §5.7', () => {
    const server = serverWriter();
    server.writer.writeText(Opcode.text, true, 'Hello');
    expect([...server.output.take()]).toEqual([0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    server.writer.writeText(Opcode.text, false, 'Hel');
    server.writer.writeText(Opcode.continuation, true, 'lo');
    expect([...server.output.take()]).toEqual([0x01, 3, 0x48, 0x65, 0x6c, 0x80, 2, 0x6c, 0x6f]);
    const client = clientWriter();
    client.writer.writeText(Opcode.text, true, 'Hello');
    expect([...client.output.take()]).toEqual([
      0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ]);
  });

  it('masks every frame of a client and none of a server (RFC 6455 §5.1)', () => {
    for (const { writer, output, isMasked } of [
      { ...clientWriter(), isMasked: true },
      { ...serverWriter(), isMasked: false },
    ]) {
      for (const opcode of Object.values(Opcode)) writer.write(opcode, true, new Uint8Array(3));
      expect(parseFrames(output.take()).map((parsed) => parsed.isMasked)).toEqual(
        Array.from({ length: 6 }, () => isMasked),
      );
    }
  });

  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])(
    'writes payloads of %i bytes with the shortest length (RFC 6455 §5.2)',
    (length) => {
      const payload = Uint8Array.from({ length }, (_, i) => i % 251);
      const server = serverWriter();
      server.writer.write(Opcode.binary, true, payload);
      expect(Buffer.compare(server.output.take(), frame({ opcode: 2, payload }))).toBe(0);
      const client = clientWriter();
      client.writer.write(Opcode.binary, true, payload);
      expect(Buffer.compare(client.output.take(), frame({ opcode: 2, payload, key: KEY }))).toBe(0);
      // The caller's bytes are copied, not masked.
      expect(payload[250] ?? 250).toBe(250);
    },
  );

  it.each([
    ['ASCII', 'x'],
    ['two bytes a character', 'é'],
    ['three bytes a character', '€'],
    ['surrogate pairs', '😀'],
  ])('writes text of %s around every form of the length', (_, character) => {
    for (const kernels of [scalarKernels, nodeKernels()]) {
      for (const count of [
        0, 1, 41, 42, 62, 63, 125, 126, 16_383, 16_384, 16_385, 21_846, 65_536,
      ]) {
        const text = character.repeat(count);
        const payload = new TextEncoder().encode(text);
        const { writer, output } = clientWriter(new OutputBuffer(), kernels);
        writer.writeText(Opcode.text, true, text);
        expect(Buffer.compare(output.take(), frame({ opcode: 1, payload, key: KEY }))).toBe(0);
      }
    }
  });

  it('writes U+FFFD for unpaired surrogates', () => {
    const { writer, output } = serverWriter();
    writer.writeText(Opcode.text, true, 'a\ud800b\udc00');
    expect(output.take()).toEqual(frame({ opcode: 1, payload: 'a\ufffdb\ufffd' }));
  });

  it('writes one frame after another', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array())),
        (messages) => {
          const { writer, output } = clientWriter();
          const expected: Uint8Array[] = [];
          for (const message of messages) {
            if (typeof message === 'string') writer.writeText(Opcode.text, true, message);
            else writer.write(Opcode.binary, true, message);
            const opcode = typeof message === 'string' ? 1 : 2;
            expected.push(frame({ opcode, payload: message, key: KEY }));
          }
          expect(output.take()).toEqual(concat(...expected));
        },
      ),
    );
  });
});

const long = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);

describe('FrameWriter over an output of limited memory', () => {
  it.each([64, 100, 127, 1000])('writes a larger payload piece by piece, with %i bytes', (size) => {
    const client = new SmallOutput(size);
    new FrameWriter(scalarKernels, client, fixedMaskingKeys()).write(Opcode.binary, true, long);
    expect(client.take()).toEqual(frame({ opcode: 2, payload: long, key: KEY }));
    const server = new SmallOutput(size);
    new FrameWriter(scalarKernels, server, undefined).write(Opcode.binary, true, long);
    expect(server.take()).toEqual(frame({ opcode: 2, payload: long }));
  });

  it('writes text that may not fit in one piece', () => {
    for (const text of ['€'.repeat(100), 'x'.repeat(3000), '']) {
      const output = new SmallOutput(128);
      const writer = new FrameWriter(scalarKernels, output, fixedMaskingKeys());
      writer.writeText(Opcode.text, true, text);
      writer.writeText(Opcode.text, true, 'next');
      expect(output.take()).toEqual(
        concat(
          frame({ opcode: 1, payload: text, key: KEY }),
          frame({ opcode: 1, payload: 'next', key: KEY }),
        ),
      );
    }
  });

  it('never writes outside the window, whatever the masking key', () => {
    const keys = fc.constantFrom(undefined, KEY, [0, 0, 0, 0], [255, 255, 255, 255]);
    fc.assert(
      fc.property(fc.array(fc.nat(150), { maxLength: 20 }), keys, (lengths, key) => {
        const output = new SmallOutput(64);
        const writer = new FrameWriter(scalarKernels, output, key && fixedMaskingKeys(key));
        const expected: Uint8Array[] = [];
        for (const length of lengths) {
          writer.write(Opcode.binary, true, long.subarray(0, length));
          expected.push(frame({ opcode: 2, payload: long.slice(0, length), key }));
          writer.writeText(Opcode.text, true, 'x'.repeat(length % 16));
          expected.push(frame({ opcode: 1, payload: 'x'.repeat(length % 16), key }));
        }
        expect(output.take()).toEqual(concat(...expected));
        expect(output.isIntact()).toBe(true);
      }),
    );
  });
});

describe('FrameWriter at the end of the memory of its output', () => {
  it.each([
    ['unmasked', undefined],
    ['masked', KEY],
    ['masked with zeros', [0, 0, 0, 0]],
  ])('keeps frames that are %s inside the memory, whatever room is left', (_, key) => {
    for (let first = 30; first <= 64; first++) {
      for (let second = 0; second <= 20; second++) {
        const output = new SmallOutput(64);
        const writer = new FrameWriter(scalarKernels, output, key && fixedMaskingKeys(key));
        const payloads = [long.slice(0, first), long.slice(0, second)];
        for (const payload of payloads) writer.write(Opcode.binary, true, payload);
        const expected = payloads.map((payload) => frame({ opcode: 2, payload, key }));
        expect(output.take()).toEqual(concat(...expected));
        expect(output.isIntact()).toBe(true);
      }
    }
  });
});
