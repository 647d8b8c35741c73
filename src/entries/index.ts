/**
 * The async client, and the errors of all clients and of the server.
 *
 * @example
 * ```ts
 * import { connect } from 'wirespeed';
 *
 * const ws = await connect('ws://127.0.0.1:9001/');
 * await ws.send('hello');
 * for await (const message of ws) console.log(message);
 * ```
 *
 * @packageDocumentation
 */
export { connect } from '../client/async.ts';
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
