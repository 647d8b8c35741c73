/**
 * Values that may be sent, with the bytes that must arrive, and values that may not be sent.
 *
 * CVE-2016-10518, CVE-2026-45736: a library took a number as a length, and sent memory that it had not
 * written.
 */
const BYTES = Uint8Array.from({ length: 48 }, (_, i) => 255 - i);

function shared(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(BYTES.length);
  new Uint8Array(buffer).set(BYTES);
  return buffer;
}

/** A resizable buffer of the bytes. TypeScript's types for Node.js 20 do not know such buffers. */
function resizable(): ArrayBuffer & { resize(length: number): void } {
  const options = { maxByteLength: 2 * BYTES.length };
  const buffer = Reflect.construct(ArrayBuffer, [BYTES.length, options]);
  new Uint8Array(buffer).set(BYTES);
  return buffer;
}

/** A view whose buffer has shrunk since the view was made. */
function shrunk<View>(length: number, makeView: (buffer: ArrayBuffer) => View): View {
  const buffer = resizable();
  const view = makeView(buffer);
  buffer.resize(length);
  return view;
}

/** Every kind of data, with the bytes that must arrive. */
export const KINDS: Readonly<Record<string, () => { data: unknown; bytes: Uint8Array }>> = {
  'an ArrayBuffer': () => ({ data: BYTES.slice().buffer, bytes: BYTES }),
  'a SharedArrayBuffer': () => ({ data: shared(), bytes: BYTES }),
  'a Uint8Array': () => ({ data: BYTES.slice(), bytes: BYTES }),
  'a Uint8Array with an offset': () => ({
    data: new Uint8Array(BYTES.slice().buffer, 3, 7),
    bytes: BYTES.slice(3, 10),
  }),
  'a Uint8Array on shared memory': () => ({
    data: new Uint8Array(shared(), 1, 30),
    bytes: BYTES.slice(1, 31),
  }),
  'a Buffer out of the pool': () => ({ data: Buffer.from(BYTES), bytes: BYTES }),
  'a slice of a Buffer': () => ({
    data: Buffer.from(BYTES).subarray(5, 20),
    bytes: BYTES.slice(5, 20),
  }),
  'a Uint8ClampedArray': () => ({
    data: new Uint8ClampedArray(BYTES.slice().buffer, 2),
    bytes: BYTES.slice(2),
  }),
  'an Int16Array with an offset': () => ({
    data: new Int16Array(BYTES.slice().buffer, 2, 5),
    bytes: BYTES.slice(2, 12),
  }),
  'a Float64Array with an offset': () => ({
    data: new Float64Array(BYTES.slice().buffer, 8, 2),
    bytes: BYTES.slice(8, 24),
  }),
  'a Float32Array': () => ({
    data: new Float32Array(BYTES.slice().buffer),
    bytes: BYTES,
  }),
  'a BigUint64Array': () => ({
    data: new BigUint64Array(BYTES.slice().buffer),
    bytes: BYTES,
  }),
  'a DataView with an offset': () => ({
    data: new DataView(BYTES.slice().buffer, 1, 9),
    bytes: BYTES.slice(1, 10),
  }),
  'a Blob': () => ({
    data: new Blob([BYTES, 'end']),
    bytes: Buffer.concat([BYTES, Buffer.from('end')]),
  }),
  'a composed Blob': () => ({
    data: new Blob([new Blob([BYTES.slice(0, 20)]), BYTES.slice(20), '', new Blob([])]).slice(1),
    bytes: BYTES.slice(1),
  }),
  'a resizable ArrayBuffer': () => ({ data: resizable(), bytes: BYTES }),
  'a view of a resizable ArrayBuffer': () => ({
    data: new Uint8Array(resizable(), 3, 7),
    bytes: BYTES.slice(3, 10),
  }),
  'a view to the end of a buffer that has shrunk': () => ({
    data: shrunk(10, (buffer) => new Uint8Array(buffer, 4)),
    bytes: BYTES.slice(4, 10),
  }),
  'a view in a buffer that has shrunk behind it': () => ({
    data: shrunk(10, (buffer) => new DataView(buffer, 2, 8)),
    bytes: BYTES.slice(2, 10),
  }),
  'an empty view of a buffer that has shrunk to nothing': () => ({
    data: shrunk(0, (buffer) => new Uint16Array(buffer)),
    bytes: new Uint8Array(0),
  }),
  'a growable SharedArrayBuffer': () => {
    const options = { maxByteLength: 2 * BYTES.length };
    const data = Reflect.construct(SharedArrayBuffer, [BYTES.length, options]);
    new Uint8Array(data).set(BYTES);
    return { data, bytes: BYTES };
  },
  'an empty ArrayBuffer': () => ({ data: new ArrayBuffer(0), bytes: new Uint8Array(0) }),
  'an empty Uint8Array': () => ({ data: new Uint8Array(0), bytes: new Uint8Array(0) }),
  'an empty DataView': () => ({
    data: new DataView(new ArrayBuffer(4), 4),
    bytes: new Uint8Array(0),
  }),
  'an empty Blob': () => ({ data: new Blob([]), bytes: new Uint8Array(0) }),
};

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function viewOfDetached(): Uint8Array {
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

/** Values that are no data, and data whose bytes are gone. */
export const WRONG_KINDS: Readonly<Record<string, () => unknown>> = {
  'a number': () => 42,
  'a bigint': () => 42n,
  'a boolean': () => true,
  null: () => null,
  undefined: () => undefined,
  'a plain object': () => ({ length: 3 }),
  'an object that looks like a view': () => ({
    byteLength: 3,
    byteOffset: 0,
    buffer: BYTES.buffer,
  }),
  'a symbol': () => Symbol('data'),
  'a function': () => () => 'data',
  'a Date': () => new Date(0),
  'a detached ArrayBuffer': detached,
  'a view of a detached ArrayBuffer': viewOfDetached,
  'a view of a buffer that has shrunk below it': () =>
    shrunk(10, (buffer) => new Uint8Array(buffer, 0, 11)),
  'a view to the end of a buffer that has shrunk below its start': () =>
    shrunk(10, (buffer) => new Float32Array(buffer, 12)),
  'a DataView of a buffer that has shrunk below it': () =>
    shrunk(0, (buffer) => new DataView(buffer, 1)),
};
