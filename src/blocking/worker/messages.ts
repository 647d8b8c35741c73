/**
 * The messages between a thread and its socket worker.
 */
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import type { DialingOptions } from '../../dial/tls-options.ts';
import type { SocketAddress } from '../../transport/socket.ts';

/** A request to the worker. */
export type WorkerRequest =
  | {
      readonly kind: 'connect';
      readonly id: number;
      readonly host: string;
      readonly port: number;
      readonly noDelay: boolean;
      readonly dialing: DialingOptions;
    }
  /** Close a connection, or an attempt to make one; for `linger` ms before, read and drop what still comes. */
  | { readonly kind: 'close'; readonly id: number; readonly linger: number }
  /** Set whether calls on the descriptor block. */
  | { readonly kind: 'block'; readonly id: number; readonly isBlocking: boolean }
  /** Keep the socket, do TLS if there are options for it, and carry the bytes through shared memory. */
  | {
      readonly kind: 'relay';
      readonly id: number;
      readonly memory: SharedArrayBuffer;
      readonly tls: ConnectionOptions | undefined;
      /** The authorities trusted by default, if they have changed since the worker was told last. */
      readonly authorities: readonly string[] | undefined;
    }
  /** Look at the rings of a connection. */
  | { readonly kind: 'wake'; readonly id: number }
  /** Show that the worker is alive: count on, as for a reply, but send none. */
  | { readonly kind: 'ping' };

/** An error of the system or of TLS, as it is sent from thread to thread. */
export interface ErrorFacts {
  readonly message: string;
  /** The name of its class. */
  readonly name: string;
  /** Its code, errno, address and other properties. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A message from the worker. */
export type WorkerReply =
  /** The name is resolved; the connection comes next. */
  | { readonly kind: 'resolved'; readonly id: number }
  | {
      readonly kind: 'connected';
      readonly id: number;
      /** -1 where the socket has no descriptor. */
      readonly fd: number;
      /** Whether it can be set if calls on the descriptor block. */
      readonly canBlock: boolean;
      readonly local: SocketAddress;
      readonly remote: SocketAddress;
    }
  | { readonly kind: 'done'; readonly id: number }
  | {
      readonly kind: 'relayed';
      readonly id: number;
      /** The server's, over TLS and unless a session was resumed. The calling thread checks whom it is for. */
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
      /** Whether Node.js refused the options. */
      readonly isRefusal: boolean;
    };
