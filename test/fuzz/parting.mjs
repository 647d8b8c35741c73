// Finds compressed messages after which ws and Wirespeed differ: those with a final DEFLATE block (BFINAL
// set), and those without any payload. No code of the library is used.
import { constants, inflateRawSync } from 'node:zlib';

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
/** Stands for any history: the inflated bytes do not matter here. */
const HISTORY = Buffer.alloc(32 * 1024);

/** The frames of a stream, up to the first incomplete header, with the offsets at which they begin. */
function* framesOf(stream) {
  const bytes = Buffer.from(stream);
  for (let at = 0; at + 2 <= bytes.length; ) {
    const begin = at;
    const [head, second] = [bytes[at], bytes[at + 1]];
    let length = second & 0x7f;
    at += 2;
    if (length === 126) {
      if (at + 2 > bytes.length) return;
      length = bytes.readUInt16BE(at);
      at += 2;
    } else if (length === 127) {
      if (at + 8 > bytes.length) return;
      length = Number(bytes.readBigUInt64BE(at));
      at += 8;
    }
    const isMasked = second >= 0x80;
    const key = isMasked ? bytes.subarray(at, at + 4) : undefined;
    if (isMasked) at += 4;
    if (at > bytes.length) return;
    const payload = Buffer.from(bytes.subarray(at, at + length));
    if (isMasked) for (let i = 0; i < payload.length; i++) payload[i] ^= key[i & 3];
    at += length;
    yield {
      begin,
      opcode: head & 0xf,
      isFinal: head >= 0x80,
      isMarked: (head & 0x40) !== 0,
      payload,
    };
  }
}

/** Whether zlib stops before the end of the data, as it does at a final block. */
function stopsEarly(deflated, isWhole) {
  const data = isWhole ? Buffer.concat([deflated, TAIL]) : deflated;
  try {
    const options = { info: true, dictionary: HISTORY, finishFlush: constants.Z_SYNC_FLUSH };
    return inflateRawSync(data, options).engine.bytesWritten < data.length;
  } catch {
    return false;
  }
}

/**
 * Returns the name and the place of the first such message: it has a final block, or it has no payload
 * and later messages share its history. Returns `undefined` if there is none.
 */
export function firstParting(stream, noContextTakeover) {
  /** All data that zlib has been given since its last reset. */
  let deflated = Buffer.alloc(0);
  let begin;
  let isEmpty;
  for (const frame of framesOf(stream)) {
    if (frame.opcode >= 8) continue;
    if (frame.opcode !== 0) {
      begin = frame.isMarked ? frame.begin : undefined;
      isEmpty = true;
    }
    if (begin === undefined) continue;
    if (frame.payload.length > 0) isEmpty = false;
    deflated = Buffer.concat([deflated, frame.payload]);
    if (frame.isFinal && isEmpty) {
      if (!noContextTakeover) return { name: 'empty-payload', at: begin };
      continue;
    }
    if (stopsEarly(deflated, frame.isFinal)) return { name: 'final-block', at: begin };
    if (!frame.isFinal) continue;
    deflated = noContextTakeover ? Buffer.alloc(0) : Buffer.concat([deflated, TAIL]);
  }
  return undefined;
}
