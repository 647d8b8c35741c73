/**
 * What a driver tells whoever owns its connection.
 */
import type { ConnectPhase, WebSocketError } from '../errors.ts';
import type { Opcode } from '../protocol/frame.ts';
import type { UpgradeRequest } from '../protocol/opening/server.ts';

/** Who owns a connection and is told what happens on it. Payloads are valid until the call returns. */
export interface DriverOwner {
  /** A client's connecting has reached its next phase. */
  onPhase(phase: ConnectPhase): void;
  onRequest?(request: UpgradeRequest): void;
  onOpen(): void;
  onMessage(bytes: Uint8Array, start: number, end: number, isText: boolean, isOwn: boolean): void;
  onFrame(isFinal: boolean, opcode: Opcode, bytes: Uint8Array, start: number, end: number): void;
  onPing(bytes: Uint8Array, start: number, end: number): void;
  onPong(bytes: Uint8Array, start: number, end: number): void;
  /** All messages of one read have been delivered, and there was one. */
  onBatchEnd(): void;
  /** What is buffered has fallen to half of the high-water mark, having been above it. */
  onDrain(): void;
  /** The connection is open no more. */
  onClosing?(): void;
  onFailure(error: WebSocketError): void;
  /** Both the session and the socket's use are over. Told once, last. */
  onClosed(): void;
}
