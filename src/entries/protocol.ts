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
export { CloseCode, type CloseStatus, isValidCloseCode } from '../protocol/close-code.ts';
export { Deadlines, type DueAction, type TimeLimits } from '../protocol/deadlines.ts';
export {
  headerLength,
  MAX_CONTROL_PAYLOAD,
  MAX_HEADER_LENGTH,
  Opcode,
  serializeFrameHeader,
} from '../protocol/frame.ts';
export {
  type ControlFrameConsumer,
  type DataFrameConsumer,
  type FrameConsumer,
  FrameReader,
} from '../protocol/frame-reader.ts';
export { FrameWriter } from '../protocol/frame-writer.ts';
export { MaskingKeys } from '../protocol/masking-keys.ts';
export {
  type FailureConsumer,
  type MessageConsumer,
  type MessageDelivery,
  type MessageLimits,
  MessageReader,
  type MessageSink,
} from '../protocol/message-reader.ts';
export type {
  OpeningAgreement,
  OpeningResult,
  UpgradeRequestOptions,
} from '../protocol/opening/client.ts';
export type { HeaderMap } from '../protocol/opening/head.ts';
export type { Sha1Base64 } from '../protocol/opening/key.ts';
export type {
  PageAnswer,
  PageRequest,
  ReceivedRequest,
  UpgradeRefusal,
  UpgradeRequest,
} from '../protocol/opening/server.ts';
export { type Output, OutputBuffer } from '../protocol/output.ts';
export type {
  Compression,
  DeflateAgreement,
  DeflateParameters,
  Deflater,
  DeflateSettings,
  Inflater,
} from '../protocol/permessage-deflate.ts';
export { Session } from '../protocol/session.ts';
export type {
  ClientOptions,
  Role,
  SessionOptions,
  SessionSink,
} from '../protocol/session-options.ts';
export type { ConnectionState } from '../protocol/session-state.ts';
