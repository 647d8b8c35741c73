/**
 * What a driver tells the connection that it belongs to.
 */
import type { ConnectPhase, WebSocketError } from '../errors.ts';
import type { Opcode } from '../protocol/frame.ts';
import type { UpgradeRequest } from '../protocol/opening/server.ts';

/** Takes what happens on one connection. Payloads are valid until the call returns. */
export interface DriverSink {
  /** A client's connecting has reached its next phase. */
  onPhase(phase: ConnectPhase): void;
  onRequest?(request: UpgradeRequest): void;
  /** A request was answered with this status, for this reason. */
  onRefused?(status: number, reason: string, isOfUpgrade: boolean): void;
  onOpen(): void;
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void;
  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void;
  onPing(bytes: Uint8Array, start: number, end: number): void;
  onPong(bytes: Uint8Array, start: number, end: number): void;
  /** All messages of one read have been delivered, and there was at least one. */
  onBatchEnd(): void;
  /** The bytes waiting to be sent were above the high-water mark, and have fallen to half of it. */
  onDrain(): void;
  /** The connection is no longer open: it closes, or has failed. */
  onClosing?(): void;
  onFailure(error: WebSocketError): void;
  /** The session has ended, and the socket is not used any more. Called once, last. */
  onClosed(): void;
}
