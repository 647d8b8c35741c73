/**
 * Messages in pieces, each of which is sent as a fragment (RFC 6455 §5.4): those whose pieces are at hand, and
 * those whose pieces are produced while the message is being sent.
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

/** A piece whose bytes are at hand, or at least its size. */
export type Piece = ReadyData | Blob;

/** Makes the payloads of one message's fragments of its pieces, in order. */
export class Fragmenter {
  /** Whether the message is text: the first piece says it. */
  isText: boolean | undefined;
  readonly #isAllText: boolean;
  /** The first half of a character whose second is in the next piece. */
  #carried = '';
  #validator: Utf8Validator | undefined;

  constructor(options: SendOptions | undefined) {
    this.#isAllText = options?.text === true;
  }

  /**
   * Checks that a piece is of the same kind as those before it.
   *
   * @throws TypeError if it is not
   */
  checkKind(piece: Piece): void {
    const isText = this.#isAllText || typeof piece === 'string';
    this.isText ??= isText;
    if (this.isText === isText) return;
    throw new TypeError('send: the pieces of one message must be all text or all binary');
  }

  /**
   * Returns the payload that a piece makes.
   *
   * @throws TypeError for a piece of another kind than the first, or bytes sent as text that are not UTF-8
   */
  take(piece: ReadyData): ReadyData {
    this.checkKind(piece);
    if (typeof piece === 'string') return this.#takeText(piece);
    return this.isText === true ? this.#takeEncoded(piece) : piece;
  }

  /**
   * Returns what is left to be sent when there is no piece any more.
   *
   * @throws TypeError if the bytes sent as text end within a character
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
    // Bytes cannot be its second half. Half a character becomes U+FFFD.
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
 * Returns the pieces of an array or a Set, which are all at hand; `undefined` for anything else.
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
 * Takes all pieces of an iterable that is not asynchronous; `undefined` for anything else.
 *
 * @throws TypeError for a piece that is no data
 */
export function takePieces(data: unknown): Piece[] | undefined {
  const atHand = piecesAtHand(data);
  if (atHand !== undefined) return atHand;
  if (!isIterable(data) || !(Symbol.iterator in data)) return undefined;
  // Its source may use a buffer again for the next one.
  return Array.from(data, (piece) => keepPiece(pieceOf(piece)));
}

/** Copies what the caller may change from here on. */
export function keepPiece(piece: Piece): Piece {
  return isBlob(piece) ? piece : copyOfData(piece);
}

/** Writes fragments. */
interface FragmentDriver {
  sendFragment(payload: ReadyData, isText: boolean, isFinal: boolean, isCompressed?: boolean): void;
}

/** A message whose fragments are all at hand. */
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

  /** Bytes of it. */
  get size(): number {
    return this.#payloads.reduce((size, payload) => size + Buffer.byteLength(payload), 0);
  }

  /** Copies what the caller may change from here on. */
  keep(): this {
    this.#payloads = this.#payloads.map(copyOfData);
    return this;
  }

  /** Writes all of it; nothing, if there is no piece. Throws as the session's sends do. */
  sendTo(driver: FragmentDriver, isCompressed: boolean | undefined): void {
    const last = this.#payloads.length - 1;
    for (const [i, payload] of this.#payloads.entries()) {
      driver.sendFragment(payload, this.isText, i === last, isCompressed);
    }
  }
}

/** Produces the pieces of a message while it is being sent. */
export class PieceSource {
  readonly #iterator: Iterator<unknown> | AsyncIterator<unknown>;
  /** Whether it has ended or failed by itself. */
  #isOver = false;

  constructor(iterator: Iterator<unknown> | AsyncIterator<unknown>) {
    this.#iterator = iterator;
  }

  /** Returns the next piece; `undefined` when there is none any more. */
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

  /** Tells the source, unless it has ended, that no more is wanted. It is not waited for: it may never answer. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#iterator.return?.();
  }
}

/** Tells whether data is given in pieces. */
export function isIterable(data: unknown): data is Iterable<unknown> | AsyncIterable<unknown> {
  // A String object is iterable too, but nobody means its characters.
  if (data === null || typeof data !== 'object' || isStringObject(data)) return false;
  return Symbol.asyncIterator in data || Symbol.iterator in data;
}

/** Returns what produces the pieces of an iterable. */
export function pieceSource(data: Iterable<unknown> | AsyncIterable<unknown>): PieceSource {
  return new PieceSource(
    Symbol.asyncIterator in data ? data[Symbol.asyncIterator]() : data[Symbol.iterator](),
  );
}

/**
 * Sends the pieces of a source as they come, and an empty fragment to end them. What ends a message that has
 * begun fails the connection: every later message would be part of it.
 *
 * @param drained waits until there is room for more
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
    // Without a piece there is no message.
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
