/**
 * The sync client: every call blocks until it is done, on the main thread and in workers.
 *
 * While a call blocks, nothing else runs on its thread: no timer, no promise, no other socket.
 * Between two calls the server's pings are not answered. Those that have come are answered at the start
 * of the next call.
 *
 * @example
 * ```ts
 * import { connect } from 'wirespeed/sync';
 *
 * const ws = connect('ws://127.0.0.1:9001/');
 * ws.send('hello');
 * console.log(ws.recv());
 * ws.close();
 * ```
 *
 * @packageDocumentation
 */

export { connect } from '../client/sync.ts';
export type {
  SyncConnection,
  SyncCorkOptions,
  SyncRecvOptions,
  SyncSendOptions,
} from '../client/sync-connection.ts';
export { toAsync, toSync } from '../client/sync-lending.ts';
export type { CloseOptions, Connection, RecvOptions } from '../connection/connection.ts';
export type { Message } from '../connection/message.ts';
export * from '../errors.ts';
export type {
  CommonOptions,
  ConnectOptions,
  Data,
  DeflateOptions,
  HeadersInput,
  SendData,
  SendOptions,
} from '../options/options.ts';
export type { HeaderMap } from '../protocol/opening/head.ts';
export type { ConnectionState } from '../protocol/session-state.ts';
export type { ConnectionStats } from '../transport/connection-stats.ts';
export type { SocketAddress } from '../transport/socket.ts';
