/**
 * Reads the header of the PROXY protocol, version 1 and 2, by which a load balancer passes on the client's address
 * (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt). It does no I/O.
 */
import { isIP } from 'node:net';
import { shortest } from './client-address.ts';

/** A header that was read. */
export interface ProxyHeader {
  /** Bytes of the header. */
  readonly length: number;
  /** The client's end; `undefined` if the proxy speaks for itself, as in a health check, or names no IP address. */
  readonly source: { readonly address: string; readonly port: number } | undefined;
}

/** Most bytes of a header of version 1 (§2.1). */
const MAX_TEXT = 107;
/** Most bytes of a header of version 2 that is accepted: addresses and additional fields. */
const MAX_BINARY = 4096;
const TEXT_BEGINNING = Buffer.from('PROXY ', 'latin1');
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Bytes before the addresses of version 2: signature, version and command, family, length. */
const FIXED = SIGNATURE.length + 4;
const LOCAL = 0;
const PROXY = 1;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

/**
 * Reads a header from the first bytes of a connection. Returns `undefined` while it has not arrived whole.
 *
 * @throws Error saying what is wrong with it
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (beginsWith(bytes, SIGNATURE)) return readBinary(bytes);
  if (beginsWith(bytes, TEXT_BEGINNING)) return readText(bytes);
  throw new Error('the connection does not begin with a header of the PROXY protocol');
}

/** Tells whether the bytes begin with others, as far as they have arrived. */
function beginsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  const length = Math.min(bytes.length, beginning.length);
  for (let i = 0; i < length; i++) if (bytes[i] !== beginning[i]) return false;
  return true;
}

function readText(bytes: Uint8Array): ProxyHeader | undefined {
  const line = Buffer.from(bytes.subarray(0, MAX_TEXT)).toString('latin1');
  const end = line.indexOf('\r\n');
  if (end < 0) {
    if (bytes.length < MAX_TEXT) return undefined;
    throw new Error(`a PROXY header of version 1 has at most ${MAX_TEXT} bytes`);
  }
  const length = end + 2;
  // The destination is checked to be there, and not used.
  const [, family, address = '', destination, port = '', destinationPort, ...more] = line
    .slice(0, end)
    .split(' ');
  if (family === 'UNKNOWN') return { length, source: undefined };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
  const isPort = /^(?:0|[1-9]\d{0,4})$/.test(port) && Number(port) <= 65_535;
  const isWhole = destination !== undefined && destinationPort !== undefined && more.length === 0;
  if (version === 0 || isIP(address) !== version || !isPort || !isWhole) {
    throw new Error('the PROXY header of version 1 is wrong');
  }
  return { length, source: { address, port: Number(port) } };
}

function readBinary(bytes: Uint8Array): ProxyHeader | undefined {
  if (bytes.length < FIXED) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.readUInt8(SIGNATURE.length) >> 4;
  const command = view.readUInt8(SIGNATURE.length) & 0x0f;
  const family = view.readUInt8(SIGNATURE.length + 1);
  const rest = view.readUInt16BE(SIGNATURE.length + 2);
  if (version !== 2 || command > PROXY) throw new Error('the PROXY header of version 2 is wrong');
  if (rest > MAX_BINARY) throw new Error(`the PROXY header has more than ${MAX_BINARY} bytes`);
  const length = FIXED + rest;
  if (bytes.length < length) return undefined;
  if (command === LOCAL) return { length, source: undefined };
  if (family === TCP_OVER_IPV4) return { length, source: sourceOf(view, rest, 4) };
  if (family === TCP_OVER_IPV6) return { length, source: sourceOf(view, rest, 16) };
  // Unix sockets and datagrams have no address that counts here.
  return { length, source: undefined };
}

function sourceOf(view: Buffer, rest: number, width: number): { address: string; port: number } {
  if (rest < 2 * width + 4) throw new Error('the PROXY header is too short for its addresses');
  const raw = view.subarray(FIXED, FIXED + width);
  const port = view.readUInt16BE(FIXED + 2 * width);
  if (width === 4) return { address: raw.join('.'), port };
  const groups: string[] = [];
  for (let i = 0; i < width; i += 2) groups.push(raw.readUInt16BE(i).toString(16));
  return { address: shortest(groups.join(':')), port };
}
