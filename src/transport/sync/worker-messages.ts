/**
 * What a thread and its socket worker say to each other.
 */
import type { Blob } from 'node:buffer';
import type { SocketAddress } from '../socket-address.ts';

/** What a thread asks of its worker. */
export type WorkerRequest =
  | {
      readonly kind: 'connect';
      readonly id: number;
      readonly host: string;
      readonly port: number;
      readonly noDelay: boolean;
    }
  /** Lets go of a connection, or of the attempt to make one; reads and drops for `linger` ms before. */
  | { readonly kind: 'close'; readonly id: number; readonly linger: number }
  | { readonly kind: 'blob'; readonly id: number; readonly blob: Blob };

/** The facts of a system error. */
export interface ErrorFacts {
  readonly message: string;
  readonly code: string | undefined;
  readonly errno: number | undefined;
  readonly syscall: string | undefined;
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** What a worker answers. */
export type WorkerReply =
  | {
      readonly kind: 'connected';
      readonly id: number;
      /** -1 where the platform has none. */
      readonly fd: number;
      readonly local: SocketAddress;
      readonly remote: SocketAddress;
    }
  | { readonly kind: 'bytes'; readonly id: number; readonly bytes: ArrayBuffer }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly error: ErrorFacts;
      readonly errors: readonly ErrorFacts[];
    };
