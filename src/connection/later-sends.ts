/**
 * Sends that cannot be written at once: messages that must be loaded, compressed or produced first, and messages
 * that wait behind them.
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

  /** @param drained waits for room to send */
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

  /** Whether sends are under way, so that the next must wait for its turn. */
  get isBusy(): boolean {
    return this.#queue.isBusy;
  }

  /** Runs a task after all earlier sends. */
  run(task: TurnTask): void {
    void this.#queue.run(task, 0);
  }

  /**
   * Sends a message after all earlier ones. Until it is written it counts as buffered, if its size is known. The
   * promise is marked as handled.
   *
   * @param ready the message, if its bytes are at hand
   * @returns `undefined` if the message has been written
   * @throws TypeError for a value that is no data; nothing is sent then
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
    // Not awaited: the iterable may never answer.
    sent.catch(() => void handled(source.close()));
    return sent;
  }

  /** Rejects all sends that have not settled. */
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

  /** Sends pieces that are all at hand. All are checked before the first of them leaves. */
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

  /** Sends pieces once the Blobs among them are loaded. */
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
    // The peer never gets a message that was taken back meanwhile, so no later message may refer to it.
    if (turn.isOver) deflater?.forget();
    turn.begin();
    if (deflated !== undefined) this.#driver.sendDeflated(deflated, isText);
    else this.#driver.sendMessage(payload, isText, options?.compress);
  }

  #inTurn(task: TurnTask, size: number, options: SendOptions | undefined): Promise<void> {
    const { session } = this.#driver;
    return this.#queue.run(
      (turn) => {
        // Nothing is loaded or produced for a connection that is not open.
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
