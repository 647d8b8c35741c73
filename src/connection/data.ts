/**
 * Makes strings and plain bytes of the data that `send` takes.
 */
import { Blob, isUtf8 } from 'node:buffer';
import { TextEncoder } from 'node:util';
import { isAnyArrayBuffer, isTypedArray } from 'node:util/types';
import { describe, isPlainObject, type SendOptions } from '../options/options.ts';

/** Data that can be written at once, unlike a Blob. */
export type ReadyData = string | Uint8Array;

const { keys } = Uint8Array.prototype;

/**
 * Returns a string as it is, and any kind of buffer as a view of its bytes; `undefined` for anything else.
 *
 * @throws TypeError if the buffer is detached or has shrunk below the view
 */
export function readyData(data: unknown): ReadyData | undefined {
  if (typeof data === 'string') return data;
  if (data instanceof Uint8Array && data.length > 0) return data;
  try {
    if (ArrayBuffer.isView(data)) {
      // A typed array out of the bounds of its buffer says that its length is 0. Its methods throw, and so does
      // `byteLength` of a DataView.
      if (data.byteLength === 0 && isTypedArray(data)) Reflect.apply(keys, data, []);
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    }
    return isAnyArrayBuffer(data) ? new Uint8Array(data) : undefined;
  } catch (cause) {
    const message =
      'the bytes to send are gone: their ArrayBuffer was transferred, or has shrunk below the view';
    throw new TypeError(message, { cause });
  }
}

/** Copies data, which the caller may change afterwards. */
export function copyOfData(data: ReadyData): ReadyData {
  // Not `slice`: a Buffer's does not copy.
  return typeof data === 'string' ? data : new Uint8Array(data);
}

/** Tells whether data is a Blob. Its bytes come later. */
export function isBlob(data: unknown): data is Blob {
  return data instanceof Blob;
}

/** Reads the bytes of a Blob. */
export async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** Makes the error for data that cannot be sent. */
export function dataError(operation: string, data: unknown): TypeError {
  const isObject = typeof data === 'object' && data !== null && isPlainObject(data);
  const hint = isObject ? '; JSON.stringify makes a string of it' : '';
  return new TypeError(
    `${operation}: data must be a string, an ArrayBuffer, a SharedArrayBuffer, an ArrayBufferView, a Blob or an iterable of these, not ${describe(data)}${hint}`,
  );
}

/**
 * Tells whether data is sent as text.
 *
 * @throws TypeError for bytes to be sent as text that are not UTF-8
 */
export function isSentAsText(data: ReadyData, options: SendOptions | undefined): boolean {
  if (typeof data === 'string') return true;
  if (options?.text !== true) return false;
  if (!isUtf8(data)) throw invalidTextError();
  return true;
}

/** Makes the error for bytes to be sent as text that are not UTF-8. */
export function invalidTextError(): TypeError {
  return new TypeError('send: bytes sent as text must be valid UTF-8');
}

const encoder = new TextEncoder();

/**
 * Returns the payload of a ping or a pong.
 *
 * @throws TypeError for data that is neither a string nor a buffer
 */
export function controlPayload(operation: string, data: unknown): Uint8Array {
  const ready = readyData(data);
  if (ready === undefined) {
    throw new TypeError(
      `${operation}: data must be a string, an ArrayBuffer, a SharedArrayBuffer or an ArrayBufferView, not ${describe(data)}`,
    );
  }
  return typeof ready === 'string' ? encoder.encode(ready) : ready;
}
