/**
 * The events client: callbacks with zero-copy views, for programs to which every microsecond matters.
 *
 * @example
 * ```ts
 * import { connect } from 'wirespeed/events';
 *
 * const ws = await connect('ws://127.0.0.1:9001/', {
 *   message(ws, data, isText) {
 *     console.log(data.length, isText);
 *     ws.close(1000);
 *   },
 * });
 * ws.send('hello');
 * ```
 *
 * @packageDocumentation
 */
export { connect, type EventsConnectOptions } from '../client/events.ts';
export type {
  EventConnection,
  Frame,
  HandlerName,
  Handlers,
} from '../connection/event-connection.ts';
export type { Message } from '../connection/message.ts';
export type { UpgradeRequest } from '../connection/upgrade-request.ts';
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
export type { Opcode } from '../protocol/frame.ts';
export type { HeaderMap } from '../protocol/opening/head.ts';
export type { UpgradeRequest as RequestHead } from '../protocol/opening/server.ts';
export type { ConnectionState } from '../protocol/session-state.ts';
export type { ConnectionStats } from '../transport/connection-stats.ts';
export type { SocketAddress } from '../transport/socket.ts';
