/**
 * Notices that an earlier call was cut off. Ctrl-C in a REPL and the time limit of a `vm` script stop
 * JavaScript wherever it is, and no `finally` runs. A frame may have been sent or delivered in part then.
 */
import { WebSocketError } from '../errors.ts';
import type { Channel } from './channels/channel.ts';

/** Counts the sends of one connection that are under way. Between two calls there are none, unless one was cut off. */
export class HalfDone {
  #depth = 0;

  enter(): void {
    this.#depth++;
  }

  /** Must be called in a `finally`. */
  leave(): void {
    this.#depth--;
  }

  /**
   * Makes the error for a call that was cut off while it sent or received; `undefined` if none was.
   *
   * @param channel the channel of the connection, if it still has one
   */
  find(channel: Channel | undefined): WebSocketError | undefined {
    if (this.#depth === 0 && channel?.isHalfDone !== true) return undefined;
    this.#depth = 0;
    return new WebSocketError(
      'WS_CALL_CUT_OFF',
      'an earlier call was cut off while it sent or received, by Ctrl-C in a REPL or the time limit of a vm script',
    );
  }
}
