/**
 * Messages in pieces. Each piece is sent as a fragment (RFC 6455 §5.4). The pieces are at hand, or an iterable
 * produces them while the message is being sent.
 */
import { isSet, isStringObject } from 'node:util/types';
import { WebSocketError } from '../errors.ts';
import { nodeKernels } from '../kernels/node.ts';
import type { SendOptions } from '../options/options.ts';
import { Utf8Validator } from '../protocol/utf8-validator.ts';
import type { Driver } from '../transport/driver.ts';
import {
  bytesOf,
  copyOfData,
  dataError,
  invalidTextError,
  isBlob,
  type ReadyData,
  readyData,
} from './data.ts';
import type { Turn } from './send-queue.ts';

/** A piece of a message. */
export type Piece = ReadyData | Blob;

/** Makes payloads of the pieces of one message, given in order. */
export class Fragmenter {
  /** Whether the message is text, as its first piece says. */
  isText: boolean | undefined;
  /** Whether bytes are sent as text. */
  readonly #isAllText: boolean;
  /** The first half of a surrogate pair whose second half is in the next piece. */
  #carried = '';
  #validator: Utf8Validator | undefined;

  constructor(options: SendOptions | undefined) {
    this.#isAllText = options?.text === true;
  }

  /**
   * Checks a piece against the first one.
   *
   * @throws TypeError if one is text and the other is binary
   */
  checkKind(piece: Piece): void {
    const isText = this.#isAllText || typeof piece === 'string';
    this.isText ??= isText;
    if (this.isText === isText) return;
    throw new TypeError('send: the pieces of one message must be all text or all binary');
  }

  /**
   * Returns the payload for a piece.
   *
   * @throws TypeError as `checkKind`, and for bytes to be sent as text that are not UTF-8
   */
  take(piece: ReadyData): ReadyData {
    this.checkKind(piece);
    if (typeof piece === 'string') return this.#takeText(piece);
    return this.isText === true ? this.#takeEncoded(piece) : piece;
  }

  /**
   * Returns the payload of the last fragment, after the last piece.
   *
   * @throws TypeError if bytes to be sent as text end within a character
   */
  finish(): ReadyData {
    this.#endEncoded();
    return this.#carried;
  }

  #takeText(piece: string): string {
    this.#endEncoded();
    const text = this.#carried + piece;
    const end = isHighSurrogate(text.charCodeAt(text.length - 1)) ? text.length - 1 : text.length;
    this.#carried = text.slice(end);
    return text.slice(0, end);
  }

  #takeEncoded(piece: Uint8Array): Uint8Array {
    this.#validator ??= new Utf8Validator(nodeKernels());
    if (!this.#validator.push(piece, 0, piece.length)) throw invalidTextError();
    if (this.#carried === '') return piece;
    // Bytes cannot be the second half of a surrogate pair, so the first half becomes U+FFFD.
    const whole = Buffer.concat([Buffer.from(this.#carried), piece]);
    this.#carried = '';
    return whole;
  }

  #endEncoded(): void {
    if (this.#validator?.finish() === false) throw invalidTextError();
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/**
 * Returns the pieces of an array or a Set; `undefined` for anything else.
 *
 * @throws TypeError for a piece that is no data
 */
export function piecesAtHand(data: unknown): Piece[] | undefined {
  if (!Array.isArray(data) && !isSet(data)) return undefined;
  return Array.from(data as Iterable<unknown>, pieceOf);
}

function pieceOf(data: unknown): Piece {
  const ready = readyData(data);
  if (ready !== undefined) return ready;
  if (isBlob(data)) return data;
  throw dataError('send', data);
}

/**
 * Takes all pieces of a synchronous iterable; returns `undefined` for anything else.
 *
 * @throws TypeError for a piece that is no data
 */
export function takePieces(data: unknown): Piece[] | undefined {
  const atHand = piecesAtHand(data);
  if (atHand !== undefined) return atHand;
  if (!isIterable(data) || !(Symbol.iterator in data)) return undefined;
  // The iterable may write its next piece into the same buffer.
  return Array.from(data, (piece) => keepPiece(pieceOf(piece)));
}

/** Copies a piece, which the caller may change afterwards. A Blob cannot be changed. */
export function keepPiece(piece: Piece): Piece {
  return isBlob(piece) ? piece : copyOfData(piece);
}

/** Writes fragments. */
interface FragmentDriver {
  sendFragment(payload: ReadyData, isText: boolean, isFinal: boolean, isCompressed?: boolean): void;
}

/** A message whose pieces are all at hand. */
export class Fragments {
  readonly isText: boolean;
  #payloads: ReadyData[];

  /** @throws TypeError as {@link Fragmenter} does */
  constructor(pieces: readonly ReadyData[], options: SendOptions | undefined) {
    const fragmenter = new Fragmenter(options);
    this.#payloads = pieces.map((piece) => fragmenter.take(piece));
    const rest = fragmenter.finish();
    if (rest.length > 0) this.#payloads.push(rest);
    this.isText = fragmenter.isText === true;
  }

  /** Bytes of the message. */
  get size(): number {
    return this.#payloads.reduce((size, payload) => size + Buffer.byteLength(payload), 0);
  }

  /** Copies the pieces, which the caller may change afterwards. */
  keep(): this {
    this.#payloads = this.#payloads.map(copyOfData);
    return this;
  }

  /** Writes all fragments, none for a message without pieces. Throws as the session's sends do. */
  sendTo(driver: FragmentDriver, isCompressed: boolean | undefined): void {
    const last = this.#payloads.length - 1;
    for (const [i, payload] of this.#payloads.entries()) {
      driver.sendFragment(payload, this.isText, i === last, isCompressed);
    }
  }
}

/** An iterator that produces the pieces of a message while it is being sent. */
export class PieceSource {
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  /** Whether the iterator has ended or thrown. */
  #isOver = false;

  constructor(iterator: Iterator<unknown> | AsyncIterator<unknown>) {
    this.#iterator = iterator;
  }

  /** Returns the next piece; `undefined` after the last one. */
  async next(): Promise<Piece | undefined> {
    let result: IteratorResult<unknown>;
    try {
      result = await this.#iterator.next();
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
    this.#isOver = result.done === true;
    return this.#isOver ? undefined : pieceOf(result.value);
  }

  /** Calls the iterator's `return`, unless it is over. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#iterator.return?.();
  }
}

/** Tells whether data is an iterable of pieces. */
export function isIterable(data: unknown): data is Iterable<unknown> | AsyncIterable<unknown> {
  // A String object is iterable too, but its characters are not pieces.
  if (data === null || typeof data !== 'object' || isStringObject(data)) return false;
  return Symbol.asyncIterator in data || Symbol.iterator in data;
}

/** Begins to iterate over pieces. */
export function pieceSource(data: Iterable<unknown> | AsyncIterable<unknown>): PieceSource {
  return new PieceSource(
    Symbol.asyncIterator in data ? data[Symbol.asyncIterator]() : data[Symbol.iterator](),
  );
}

/**
 * Sends the pieces of a source as they come, and then a last fragment. If a message that has begun cannot be
 * completed, this fails the connection: the peer would take every later message for a part of it.
 *
 * @param drained waits for room to send
 */
export async function sendPieces(
  source: PieceSource,
  options: SendOptions | undefined,
  driver: Driver,
  turn: Turn,
  drained: () => Promise<void>,
): Promise<void> {
  const fragmenter = new Fragmenter(options);
  const send = (piece: ReadyData, isFinal: boolean): void => {
    turn.begin();
    driver.sendFragment(piece, fragmenter.isText === true, isFinal, options?.compress);
  };
  try {
    for (;;) {
      const piece = await turn.wait(source.next());
      if (piece === undefined) break;
      const ready = isBlob(piece) ? await turn.wait(bytesOf(piece)) : piece;
      send(fragmenter.take(ready), false);
      if (!driver.hasRoom()) await turn.wait(drained());
    }
    // Without a piece there is no message to end.
    if (turn.hasBegun) send(fragmenter.finish(), true);
  } catch (error) {
    if (turn.hasBegun && driver.session.isOpen) {
      driver.fail(
        new WebSocketError('WS_SEND', 'a fragmented message could not be completed', {
          cause: error,
        }),
      );
    }
    throw error;
  }
}
