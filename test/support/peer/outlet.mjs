// What the peer writes, on its way to the client: as it is, or every byte as a write of its own.

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

  /** Does something to the socket once everything written before has been handed to it. */
  afterwards(action) {
    this.#add({ action });
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
