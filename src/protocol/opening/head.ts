/**
 * Reads and writes the head of an HTTP/1.1 message: its start line and its headers (RFC 9112), as far as
 * the opening handshake needs them. Reading is strict, limited in size, and takes linear time.
 */

import { isToken } from '../../http-token.ts';

/** Most bytes of a head, the empty line at its end included. */
export const MAX_HEAD_SIZE: number = 16 * 1024;
/** Most header lines of a head. */
export const MAX_HEADERS = 128;

/** Headers by lower-case name. The values of a repeated header are joined with `, ` (RFC 9110 §5.3). */
export type HeaderMap = ReadonlyMap<string, string>;

/** A parsed head. */
export interface HttpHead {
  readonly startLine: string;
  readonly headers: HeaderMap;
  /** The head as it arrived. A connection keeps this text, which takes a third of the memory of the map. */
  readonly text: string;
}

/** Says why a head is wrong. */
export class HeadError extends Error {
  /** The name of the header that is wrong, if it is one header. */
  readonly header: string | undefined;
  /** Whether the head is too large. */
  readonly isTooLarge: boolean;

  constructor(message: string, about: { header?: string; isTooLarge?: boolean } = {}) {
    super(message);
    this.header = about.header;
    this.isTooLarge = about.isTooLarge ?? false;
  }
}

/**
 * What the start line of a head must be. It is checked as soon as its first bytes have arrived: a peer
 * that speaks another protocol may never send the end of a head, but wait for an answer.
 */
export interface StartLine {
  /** Whether a line may begin with `text`, which is at most 32 bytes long. */
  mayBegin(text: string): boolean;
  /** Matches a whole line, without its end. */
  readonly pattern: RegExp;
  /** Says what is wrong with a line that begins with `text`. */
  explain(text: string): string;
}

/** Most bytes of a start line that are checked before its end has arrived. */
const MAX_EARLY_CHECK = 32;
const CR = 0x0d;
const LF = 0x0a;
const LINE_BREAK = /[\r\n]/;
/** Ends the last line of a head, and the empty line after it. */
const HEAD_END = '\r\n\r\n';

const EMPTY = new Uint8Array(0);

/** Collects a head from bytes that arrive in pieces of any size. */
export class HeadCollector {
  readonly #startLine: StartLine;
  #bytes: Uint8Array = EMPTY;
  #length = 0;
  /** Whether the whole start line has arrived, and is right. */
  #hasStartLine = false;

  constructor(startLine: StartLine) {
    this.#startLine = startLine;
  }

  /** Whether no byte has arrived. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /**
   * Reads bytes up to the end of the head and returns the offset of the first byte that was not read.
   * `isComplete` says whether the end was found.
   *
   * @throws HeadError if the start line is wrong, or if the head does not end within 16 KiB
   */
  push(bytes: Uint8Array, start: number, end: number): number {
    const from = this.#length;
    const piece = bytes.subarray(start, Math.min(end, start + MAX_HEAD_SIZE - from));
    // Most heads arrive whole, and are read where they lie.
    if (from === 0) this.#bytes = piece;
    else this.#append(piece);
    this.#length = from + piece.length;
    if (!this.#hasStartLine) this.#checkStart(from);
    // The empty line may have begun in an earlier piece.
    for (let i = Math.max(3, from); i < this.#length; i++) {
      if (this.#bytes[i] === LF && this.#isEmptyLine(i)) {
        this.#length = i + 1;
        this.isComplete = true;
        return start + i + 1 - from;
      }
    }
    if (this.#length === MAX_HEAD_SIZE) throw tooLarge();
    // The caller may read the next bytes into the same memory, so these are copied.
    if (from === 0) this.#bytes = new Uint8Array(piece);
    return start + piece.length;
  }

  /** Whether the empty line that ends a head has arrived. */
  isComplete = false;

  /** The head's bytes, without the empty line. They are valid as long as the bytes last pushed. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length - 4);
  }

  /** Checks the start line as far as it has arrived. The bytes before `from` were checked before. */
  #checkStart(from: number): void {
    const bytes = this.#bytes.subarray(0, this.#length);
    const lf = bytes.indexOf(LF, from);
    if (lf < 0 && from >= MAX_EARLY_CHECK) return;
    const text = decodeLatin1(bytes.subarray(0, lf < 0 ? MAX_EARLY_CHECK : lf));
    const { pattern, explain, mayBegin } = this.#startLine;
    const isValid =
      mayBegin(text.slice(0, MAX_EARLY_CHECK)) &&
      (lf < 0 || (text.endsWith('\r') && pattern.test(text.slice(0, -1))));
    if (!isValid) throw new HeadError(explain(text.replace(/[\r\n].*/s, '')));
    this.#hasStartLine = lf >= 0;
  }

  #isEmptyLine(lf: number): boolean {
    const bytes = this.#bytes;
    return bytes[lf - 1] === CR && bytes[lf - 2] === LF && bytes[lf - 3] === CR;
  }

  #append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(
        Math.min(MAX_HEAD_SIZE, Math.max(length, 2 * this.#bytes.length)),
      );
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#length);
  }
}

function tooLarge(): HeadError {
  return new HeadError(`the head is larger than ${MAX_HEAD_SIZE} bytes`, { isTooLarge: true });
}

// RFC 9110 §5.5: a value has no control characters except the tab.
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
// The headers of the handshake itself are all ASCII (RFC 6455 §4.3).
const ASCII = /^[\t\x20-\x7e]*$/;

/**
 * Parses a head.
 *
 * @throws HeadError for anything that RFC 9112 does not allow
 */
export function parseHead(bytes: Uint8Array): HttpHead {
  return parseHeadText(decodeLatin1(bytes));
}

/** Parses a head that was kept as text. Throws as {@link parseHead}. */
export function parseHeadText(text: string): HttpHead {
  const lines = text.split('\r\n');
  const startLine = lines[0] as string;
  if (lines.length - 1 > MAX_HEADERS) {
    throw new HeadError(`there are more than ${MAX_HEADERS} headers`, { isTooLarge: true });
  }
  const headers = new Map<string, string>();
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    const colon = line.indexOf(':');
    // RFC 9112 §5.1: "No whitespace is allowed between the field name and colon." A folded line
    // (§5.2) begins with white space, so it has no valid name either.
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!isToken(name)) throw new HeadError(`header line ${i} has no valid name`);
    const value = trim(line.slice(colon + 1));
    if (!FIELD_VALUE.test(value)) {
      throw new HeadError(`the header '${name}' holds a control character`, { header: name });
    }
    if (name.startsWith('sec-websocket-') && !ASCII.test(value)) {
      throw new HeadError(`the header '${name}' holds a character outside ASCII`, { header: name });
    }
    const earlier = headers.get(name);
    // RFC 6265 §5.4 allows one line of cookies. Where a gateway has split it, semicolons join it again.
    const separator = name === 'cookie' ? '; ' : ', ';
    headers.set(name, earlier === undefined ? value : `${earlier}${separator}${value}`);
  }
  return { startLine, headers, text };
}

/**
 * Makes the text of a request's head, which an HTTP server has parsed, so that it is checked like any other.
 *
 * @throws HeadError for a head that cannot have come as text, and for one that is larger than 16 KiB
 */
export function headText(
  request: {
    readonly method: string;
    readonly target: string;
    readonly httpVersion: string;
    readonly rawHeaders: readonly string[];
  },
  startLine: StartLine,
): string {
  const { method, target, httpVersion, rawHeaders: raw } = request;
  let text = `${method} ${target} HTTP/${httpVersion}`;
  if (!startLine.pattern.test(text)) throw new HeadError(startLine.explain(text));
  for (let i = 0; i < raw.length; i += 2) {
    const line = `${raw[i]}: ${raw[i + 1] ?? ''}`;
    // Within a name or a value a line break would begin a header that nobody has sent.
    if (LINE_BREAK.test(line)) throw new HeadError('a header holds a line break');
    text += `\r\n${line}`;
  }
  if (text.length + HEAD_END.length > MAX_HEAD_SIZE) throw tooLarge();
  return text;
}

/** Returns the headers of a head that was parsed before: names and values in turn, as they were sent. */
export function rawHeaders(text: string): string[] {
  const [, ...lines] = text.split('\r\n');
  return lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), trim(line.slice(colon + 1))];
  });
}

const NO_ITEMS: readonly string[] = Object.freeze([]);

/** Splits a comma-separated header value into its items, without empty ones. */
export function parseList(value: string | undefined): readonly string[] {
  if (value === undefined) return NO_ITEMS;
  // RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list elements".
  return value
    .split(',')
    .map(trim)
    .filter((item) => item !== '');
}

/** Writes a head with its empty line. The caller must have checked names and values. */
export function serializeHead(
  startLine: string,
  headers: Iterable<readonly [string, string]>,
): Uint8Array {
  let text = `${startLine}\r\n`;
  for (const header of headers) text += `${header[0]}: ${header[1]}\r\n`;
  return encodeLatin1(`${text}\r\n`);
}

/** Removes spaces and tabs from both ends (RFC 9110 §5.6.3), in linear time. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}

const decoder = new TextDecoder();

/** Decodes Latin-1: one UTF-16 unit per byte. */
export function decodeLatin1(bytes: Uint8Array): string {
  // Nearly all heads are ASCII. The platform's decoder can only be used for those: what it calls
  // Latin-1 is Windows-1252.
  if (bytes.every(isAscii)) return decoder.decode(bytes);
  let text = '';
  // The bytes are passed in pieces, because a call takes only so many arguments. Spread syntax would
  // iterate over them, and take seven times as long (bench/micro/handshake.mjs).
  for (let i = 0; i < bytes.length; i += 4096) {
    const units: ArrayLike<number> = bytes.subarray(i, i + 4096);
    text += String.fromCharCode.apply(undefined, units as number[]);
  }
  return text;
}

function isAscii(byte: number): boolean {
  return byte < 0x80;
}

function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
