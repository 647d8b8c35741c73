/**
 * Sends of one connection that cannot be written at once: what has to be loaded, compressed or produced first,
 * and what waits behind such a message.
 */
import type { SendData, SendOptions } from '../options/options.ts';
import type { ZlibCompression } from '../transport/compression/compression.ts';
import type { Driver } from '../transport/driver.ts';
import { bytesOf, copyOfData, dataError, isBlob, isSentAsText, type ReadyData } from './data.ts';
import {
  Fragmenter,
  Fragments,
  isIterable,
  keepPiece,
  type Piece,
  pieceSource,
  piecesAtHand,
  sendPieces,
} from './fragments.ts';
import { SendQueue, type Turn, type TurnTask } from './send-queue.ts';
import { handled } from './unawaited.ts';

/** The sends of one connection that wait. */
export class LaterSends {
  readonly #driver: Driver;
  readonly #compression: ZlibCompression | undefined;
  readonly #drained: () => Promise<void>;
  readonly #queue: SendQueue;

  /** @param drained waits until there is room for more */
  constructor(
    driver: Driver,
    compression: ZlibCompression | undefined,
    drained: () => Promise<void>,
  ) {
    this.#driver = driver;
    this.#compression = compression;
    this.#drained = drained;
    this.#queue = new SendQueue(driver);
  }

  /** Whether a send must wait for its turn. */
  get isBusy(): boolean {
    return this.#queue.isBusy;
  }

  /** Does something after all sends that were given before. */
  run(task: TurnTask): void {
    void this.#queue.run(task, 0);
  }

  /**
   * Sends a message after all that were given before; until it is written it counts as buffered, as far as its
   * size is known. The promise is marked as handled.
   *
   * @param ready the message, where its bytes are at hand
   * @returns nothing, if the message has been written
   * @throws TypeError for what is no data; nothing is sent then
   */
  send(
    data: SendData,
    ready: ReadyData | undefined,
    options: SendOptions | undefined,
  ): Promise<void> | undefined {
    if (ready !== undefined) return this.#sendReady(ready, options);
    if (isBlob(data)) return this.#sendBlob(data, options);
    const pieces = piecesAtHand(data);
    if (pieces !== undefined) return this.#sendAtHand(pieces, options);
    if (!isIterable(data)) throw dataError('send', data);
    const source = pieceSource(data);
    const sent = this.#inTurn(
      (turn) => sendPieces(source, options, this.#driver, turn, this.#drained),
      0,
      options,
    );
    sent.catch(() => void handled(source.close()));
    return sent;
  }

  /** Ends the queue: what has not left is rejected. */
  end(makeError: () => unknown): void {
    this.#queue.end(makeError);
  }

  #sendReady(ready: ReadyData, options: SendOptions | undefined): Promise<void> {
    const isText = isSentAsText(ready, options);
    const kept = copyOfData(ready);
    return this.#inTurn(
      (turn) => this.#sendWhole(turn, kept, isText, options),
      Buffer.byteLength(kept),
      options,
    );
  }

  #sendBlob(blob: Blob, options: SendOptions | undefined): Promise<void> {
    return this.#inTurn(
      async (turn) => {
        const bytes = await turn.wait(bytesOf(blob));
        await this.#sendWhole(turn, bytes, isSentAsText(bytes, options), options);
      },
      blob.size,
      options,
    );
  }

  /** Sends pieces that are all at hand: all are looked at before the first of them leaves. */
  #sendAtHand(
    pieces: readonly Piece[],
    options: SendOptions | undefined,
  ): Promise<void> | undefined {
    if (pieces.some(isBlob)) return this.#sendLoaded(pieces, options);
    const fragments = new Fragments(pieces as readonly ReadyData[], options);
    if (!this.isBusy) {
      fragments.sendTo(this.#driver, options?.compress);
      return undefined;
    }
    fragments.keep();
    return this.#inTurn(
      (turn) => this.#sendFragments(turn, fragments, options),
      fragments.size,
      options,
    );
  }

  /** Sends pieces with Blobs among them. */
  #sendLoaded(pieces: readonly Piece[], options: SendOptions | undefined): Promise<void> {
    const kinds = new Fragmenter(options);
    for (const piece of pieces) kinds.checkKind(piece);
    const kept = pieces.map(keepPiece);
    return this.#inTurn(
      async (turn) => {
        const loaded = await turn.wait(Promise.all(kept.map(load)));
        this.#sendFragments(turn, new Fragments(loaded, options), options);
      },
      kept.reduce((size, piece) => size + sizeOf(piece), 0),
      options,
    );
  }

  #sendFragments(turn: Turn, fragments: Fragments, options: SendOptions | undefined): void {
    turn.begin();
    fragments.sendTo(this.#driver, options?.compress);
  }

  /** Sends a message in one frame, compressed in the thread pool if it is long. */
  async #sendWhole(
    turn: Turn,
    payload: ReadyData,
    isText: boolean,
    options: SendOptions | undefined,
  ): Promise<void> {
    const deflater = this.#compression?.deflaterFor(payload.length, options);
    const deflated = await deflater?.deflateLater(toBytes(payload));
    // The peer never sees what has been taken back meanwhile: nothing later must refer to it.
    if (turn.isOver) deflater?.forget();
    turn.begin();
    if (deflated !== undefined) this.#driver.sendDeflated(deflated, isText);
    else this.#driver.sendMessage(payload, isText, options?.compress);
  }

  #inTurn(task: TurnTask, size: number, options: SendOptions | undefined): Promise<void> {
    const { session } = this.#driver;
    return this.#queue.run(
      (turn) => {
        // What is produced or loaded for a connection that is closed is asked for in vain.
        if (!session.isOpen) throw session.closedError();
        return task(turn);
      },
      size,
      options?.signal,
    );
  }
}

function toBytes(payload: ReadyData): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

async function load(piece: Piece): Promise<ReadyData> {
  return isBlob(piece) ? await bytesOf(piece) : piece;
}

function sizeOf(piece: Piece): number {
  return isBlob(piece) ? piece.size : Buffer.byteLength(piece);
}
