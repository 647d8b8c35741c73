/**
 * Finds out that a call was ended in its midst, from outside. Ctrl-C in a REPL and the time limit of a `vm` script
 * end JavaScript wherever it is, and no `finally` is run: what was being sent or delivered is left half done.
 */
import { WebSocketError } from '../errors.ts';
import type { Channel } from './channels/channel.ts';

/** What one connection sends, so that nothing is left half done unseen. */
export class HalfDone {
  #depth = 0;

  enter(): void {
    this.#depth++;
  }

  /** To be called in a `finally`. */
  leave(): void {
    this.#depth--;
  }

  /**
   * Makes the error for what an earlier call has left half done; `undefined` where nothing was.
   *
   * @param channel the connection's, as far as it has one
   */
  find(channel: Channel | undefined): WebSocketError | undefined {
    if (this.#depth === 0 && channel?.isHalfDone !== true) return undefined;
    this.#depth = 0;
    return new WebSocketError(
      'WS_CALL_CUT_OFF',
      'an earlier call was ended in the midst of sending or receiving, by Ctrl-C in a REPL or the time limit of a vm script',
    );
  }
}
