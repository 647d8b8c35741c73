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
  Data,
  DeflateOptions,
  HeadersInput,
  ListenOptions,
  SendData,
  SendOptions,
} from '../options/options.ts';
export type { Opcode } from '../protocol/frame.ts';
export type { HeaderMap } from '../protocol/opening/head.ts';
export type { UpgradeRequest as RequestHead } from '../protocol/opening/server.ts';
export type { ConnectionState } from '../protocol/session-state.ts';
export type { FaultContext } from '../server/faults.ts';
export type { Acceptance, Refusal, RequestDecision } from '../server/request-decision.ts';
export {
  type ServeBaseOptions,
  type ServeOptions,
  type Server,
  type ServeViewsOptions,
  serve,
} from '../server/serve.ts';
export type { ConnectionStats } from '../transport/connection-stats.ts';
export type { SocketAddress } from '../transport/socket.ts';
