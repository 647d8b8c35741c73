/**
 * The WebSocket class of the WHATWG's standard, as browsers have it.
 *
 * @example
 * ```ts
 * import { WebSocket } from 'wirespeed/websocket';
 *
 * const ws = new WebSocket('wss://example.com/feed');
 * ws.onmessage = ({ data }) => console.log(data);
 * ```
 *
 * @packageDocumentation
 */
export {
  CloseEvent,
  type CloseEventConstructor,
  type CloseEventInit,
  type EventHandler,
  type MessageEvent,
} from '../compat/events.ts';
export { type BinaryType, WebSocket, type WebSocketInit } from '../compat/websocket.ts';
export type {
  CommonOptions,
  ConnectOptions,
  DeflateOptions,
  HeadersInput,
} from '../options/options.ts';
