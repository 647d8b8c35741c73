/**
 * What a driver does with its socket. Sockets of Node.js have it all; so has what stands in for one.
 */
export interface DrivenSocket {
  /** Bytes that have not been handed to the system. */
  readonly writableLength: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** `written` is called once the system has taken the bytes, or never will; never within this call. */
  write(bytes: Uint8Array, written?: (error?: Error | null) => void): unknown;
  cork(): void;
  uncork(): void;
  pause(): unknown;
  resume(): unknown;
  ref(): unknown;
  unref(): unknown;
  /** Ends the sending side once all has left. */
  end(): unknown;
  destroy(): unknown;
}
