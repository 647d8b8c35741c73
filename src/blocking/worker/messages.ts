/**
 * What a thread and its socket worker say to each other.
 */
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import type { DialingOptions } from '../../dial/tls-options.ts';
import type { SocketAddress } from '../../transport/socket.ts';

/** What a thread asks of its worker. */
export type WorkerRequest =
  | {
      readonly kind: 'connect';
      readonly id: number;
      readonly host: string;
      readonly port: number;
      readonly noDelay: boolean;
      readonly dialing: DialingOptions;
    }
  /** Lets go of a connection, or of the attempt to make one; reads and drops for `linger` ms before. */
  | { readonly kind: 'close'; readonly id: number; readonly linger: number }
  /** Changes whether calls on the descriptor block. */
  | { readonly kind: 'block'; readonly id: number; readonly isBlocking: boolean }
  /** Keeps the socket and carries its bytes through shared memory, over TLS if there are options for it. */
  | {
      readonly kind: 'relay';
      readonly id: number;
      readonly memory: SharedArrayBuffer;
      readonly tls: ConnectionOptions | undefined;
      /** The authorities trusted by default, where they are others than before. */
      readonly authorities: readonly string[] | undefined;
    }
  /** Looks for what a relay has to do. */
  | { readonly kind: 'wake'; readonly id: number }
  /** Shows that it lives: counts on as with an answer, and says nothing. */
  | { readonly kind: 'ping' };

/** The facts of an error of the system or of TLS. */
export interface ErrorFacts {
  readonly message: string;
  /** Its class, where that is one of the language's. */
  readonly name: string;
  /** Code, errno, address and whatever else it has. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What a worker answers. */
export type WorkerReply =
  /** The name is resolved; the connection comes next. */
  | { readonly kind: 'resolved'; readonly id: number }
  | {
      readonly kind: 'connected';
      readonly id: number;
      /** -1 where the platform has none. */
      readonly fd: number;
      /** Whether the descriptor's mode can be changed. */
      readonly canBlock: boolean;
      readonly local: SocketAddress;
      readonly remote: SocketAddress;
    }
  | { readonly kind: 'done'; readonly id: number }
  | {
      readonly kind: 'relayed';
      readonly id: number;
      /** Over TLS, unless a session was resumed: the caller checks whom it is for. */
      readonly certificate: PeerCertificate | undefined;
    }
  /** A relayed connection was lost. */
  | { readonly kind: 'lost'; readonly id: number; readonly error: ErrorFacts }
  /** A TLS session that a later connection may resume. */
  | { readonly kind: 'session'; readonly id: number; readonly session: Uint8Array }
  /** Nothing touches the memory of a relayed connection any more. */
  | { readonly kind: 'freed'; readonly id: number }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly error: ErrorFacts;
      readonly errors: readonly ErrorFacts[];
      /** Whether the options were refused, before anything was tried. */
      readonly isRefusal: boolean;
    };
