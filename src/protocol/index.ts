/**
 * The sans-I/O core of Wirespeed: bytes and times in, bytes and events out.
 *
 * @example
 * ```ts
 * import { OutputBuffer, Session, scalarKernels } from 'wirespeed/protocol';
 *
 * const output = new OutputBuffer();
 * const session = Session.server(
 *   { kernels: scalarKernels, output, sink, limits, autoPong: true, deliversFrames: false, sha1 },
 *   now,
 * );
 * session.receive(bytes, 0, bytes.length, now);
 * socket.write(output.take());
 * ```
 *
 * @packageDocumentation
 */
export type { Kernels } from '../kernels/kernels.ts';
export { scalarKernels } from '../kernels/scalar.ts';
export type {
  OpeningAgreement,
  OpeningResult,
  UpgradeRequestOptions,
} from './client-opening.ts';
export { CloseCode, type CloseStatus, isValidCloseCode } from './close-code.ts';
export { Deadlines, type DueAction, type TimeLimits } from './deadlines.ts';
export {
  headerLength,
  MAX_CONTROL_PAYLOAD,
  MAX_HEADER_LENGTH,
  Opcode,
  serializeFrameHeader,
} from './frame.ts';
export { type FrameConsumer, FrameReader } from './frame-reader.ts';
export { FrameWriter } from './frame-writer.ts';
export type { Sha1Base64 } from './handshake-key.ts';
export type { HeaderMap } from './http-head.ts';
export { MaskingKeys } from './masking-keys.ts';
export {
  type MessageConsumer,
  type MessageDelivery,
  type MessageLimits,
  MessageReader,
} from './message-reader.ts';
export { type Output, OutputBuffer } from './output.ts';
export type {
  Compression,
  DeflateAgreement,
  DeflateParameters,
  Deflater,
  DeflateSettings,
  Inflater,
} from './permessage-deflate.ts';
export type { UpgradeRefusal, UpgradeRequest } from './server-opening.ts';
export { Session } from './session.ts';
export type { ClientOptions, Role, SessionOptions, SessionSink } from './session-options.ts';
export type { ConnectionState } from './session-state.ts';
