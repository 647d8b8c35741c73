/**
 * The server, for the clients of Wirespeed and any other WebSocket client.
 *
 * @example
 * ```ts
 * import { serve } from 'wirespeed/server';
 *
 * await serve({ port: 9001, handlers: { message: (ws, data) => void ws.send(data) } });
 * ```
 *
 * @packageDocumentation
 */

export type {
  CloseOptions,
  Connection,
  RecvOptions,
} from '../connection/connection.ts';
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
  AcceptOptions,
  CommonOptions,
  Data,
  DeflateOptions,
  HeadersInput,
  LimitOptions,
  ListenOptions,
  PathFilter,
  SendData,
  SendOptions,
} from '../options/options.ts';
export type { Opcode } from '../protocol/frame.ts';
export type { HeaderMap } from '../protocol/opening/head.ts';
export type { UpgradeRequest as RequestHead } from '../protocol/opening/server.ts';
export type { ConnectionState } from '../protocol/session-state.ts';
export type { AcceptedConnection, ConnectionFunction } from '../server/accepted-connection.ts';
export {
  type AttachBaseOptions,
  type AttachConnectionOptions,
  type AttachOptions,
  type AttachViewsOptions,
  attach,
  type UpgradeBaseOptions,
  type UpgradeConnectionOptions,
  type UpgradeOptions,
  type UpgradeViewsOptions,
  upgrade,
} from '../server/attach.ts';
export type { FaultContext } from '../server/faults.ts';
export type { HttpServerLike, UpgradeListener } from '../server/http-server.ts';
export type { Acceptance, Refusal, RequestDecision } from '../server/request-decision.ts';
export {
  type ServeBaseOptions,
  type ServeConnectionOptions,
  type ServeOptions,
  type ServeViewsOptions,
  serve,
} from '../server/serve.ts';
export type {
  DecisionOptions,
  WithConnection,
  WithHandlers,
  WithViews,
} from '../server/serve-options.ts';
export type {
  DrainOptions,
  DrainReport,
  LimitCounts,
  Server,
  ServerState,
  ServerStats,
} from '../server/server.ts';
export { handleSignals } from '../server/signals.ts';
export type { ConnectionStats } from '../transport/connection-stats.ts';
export type { SocketAddress } from '../transport/socket.ts';
