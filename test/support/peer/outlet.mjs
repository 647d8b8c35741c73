// Writes the peer's bytes to the client, all at once or every byte by itself.

/** Writes to a socket in order. */
export class Outlet {
  #socket;
  #isTrickling;
  #pending = [];
  #isBusy = false;

  constructor(socket, isTrickling) {
    this.#socket = socket;
    this.#isTrickling = isTrickling;
  }

  write(bytes) {
    if (bytes.length > 0) this.#add({ bytes, next: 0 });
  }

  /** Ends the sending side. */
  end() {
    this.#add({ action: () => this.#socket.end() });
  }

  /** Writes the same bytes over and over, as fast as they are taken, until the connection ends. */
  flood(bytes) {
    this.#add({ action: () => this.#flood(bytes) });
  }

  /** Does something to the socket once everything written before has been handed to it. */
  afterwards(action) {
    this.#add({ action });
  }

  #flood(bytes) {
    const write = () => {
      if (this.#socket.destroyed || this.#socket.writableEnded) return;
      // The event loop turns between two writes, so that the peer sees what the client does.
      if (this.#socket.write(bytes)) setImmediate(write);
      else this.#socket.once('drain', write);
    };
    write();
  }

  #add(item) {
    this.#pending.push(item);
    if (!this.#isBusy) this.#pump();
  }

  #pump() {
    this.#isBusy = true;
    for (let item = this.#pending[0]; item !== undefined; item = this.#pending[0]) {
      if (this.#socket.destroyed) this.#pending.length = 0;
      else if (item.action !== undefined) item.action();
      else if (this.#isTrickling && this.#trickle(item)) return;
      else if (!this.#isTrickling) this.#socket.write(item.bytes);
      this.#pending.shift();
    }
    this.#isBusy = false;
  }

  /** Writes one byte; returns whether more of the item is to come. */
  #trickle(item) {
    if (item.next === item.bytes.length) return false;
    this.#socket.write(item.bytes.subarray(item.next, ++item.next));
    setImmediate(() => this.#pump());
    return true;
  }
}
