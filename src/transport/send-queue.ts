/**
 * Keeps sends in order behind one whose bytes are not at hand yet: a Blob, or a message that is
 * produced piece by piece.
 */

/** A queue of sends; nothing is in it most of the time. */
export class SendQueue {
  #last: Promise<void> | undefined;
  /** How to reject each send that has not settled. */
  readonly #unsettled = new Set<(error: unknown) => void>();
  #endError: (() => unknown) | undefined;

  /** Whether a send must wait for its turn. */
  get isBusy(): boolean {
    return this.#last !== undefined;
  }

  /** Runs `send` after all that came before it; settles as `send` does, or with the queue's end. */
  run(send: () => void | Promise<void>): Promise<void> {
    const turn = new Promise<void>((resolve, reject) => {
      this.#unsettled.add(reject);
      const begin = async (): Promise<void> => {
        try {
          if (this.#endError !== undefined) throw this.#endError();
          await send();
          resolve();
        } catch (error) {
          reject(error);
        } finally {
          this.#unsettled.delete(reject);
        }
      };
      const last = (this.#last === undefined ? begin() : this.#last.then(begin)).then(() => {
        if (this.#last === last) this.#last = undefined;
      });
      this.#last = last;
    });
    return turn;
  }

  /** Ends the queue: what has not settled is rejected, and so is what comes later. */
  end(makeError: () => unknown): void {
    this.#endError = makeError;
    for (const reject of this.#unsettled) reject(makeError());
    this.#unsettled.clear();
  }
}
