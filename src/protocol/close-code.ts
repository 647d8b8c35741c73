/**
 * Close codes (RFC 6455 §7.4) and the payload of a close frame (§5.5.1).
 */
import { LocalProtocolError, RemoteProtocolError } from '../errors.ts';
import type { Kernels } from '../kernels/kernels.ts';
import { MAX_CONTROL_PAYLOAD } from './frame.ts';

/** The close codes that RFC 6455 §7.4.1 and the IANA registry define. */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  noStatusReceived: 1005,
  abnormalClosure: 1006,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  mandatoryExtension: 1010,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badGateway: 1014,
} as const;

/** Most bytes of UTF-8 in a close reason: the payload of a control frame less two bytes for the code. */
export const MAX_REASON_LENGTH: number = MAX_CONTROL_PAYLOAD - 2;

/** Tells whether a close code may stand in a close frame (RFC 6455 §7.4.1, §7.4.2). */
export function isValidCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  if (code < 1000 || code > CloseCode.badGateway) return false;
  // RFC 6455 §7.4.1: 1004 is reserved; 1005 "is a reserved value and MUST NOT be set as a status
  // code in a Close control frame by an endpoint", and so is 1006.
  return code < 1004 || code > CloseCode.abnormalClosure;
}

/** The content of a close frame. `code` is 1005 if the frame had no payload. */
export interface CloseStatus {
  readonly code: number;
  readonly reason: string;
}

/**
 * Makes the payload of a close frame.
 *
 * @param code `undefined` makes an empty payload
 * @throws RangeError for a code that may not be sent
 * @throws LocalProtocolError for a reason without a code, or of more than 123 bytes
 */
export function serializeClosePayload(
  kernels: Kernels,
  code: number | undefined,
  reason: string,
): Uint8Array {
  if (code === undefined) {
    if (reason !== '') throw new LocalProtocolError('a close reason needs a close code');
    return new Uint8Array(0);
  }
  if (typeof code !== 'number') throw new TypeError('a close code must be a number');
  if (typeof reason !== 'string') throw new TypeError('a close reason must be a string');
  if (!Number.isInteger(code) || !isValidCloseCode(code)) {
    throw new RangeError(
      `close code ${code} cannot be sent; use 1000 to 1003, 1007 to 1014 or 3000 to 4999 (RFC 6455 §7.4)`,
    );
  }
  const length = kernels.utf8Length(reason);
  if (length > MAX_REASON_LENGTH) {
    throw new LocalProtocolError(
      `a close reason has at most ${MAX_REASON_LENGTH} bytes of UTF-8, not ${length} (RFC 6455 §5.5)`,
    );
  }
  const payload = new Uint8Array(2 + length);
  payload[0] = code >>> 8;
  payload[1] = code & 0xff;
  kernels.writeUtf8(reason, payload, 2);
  return payload;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Parses the payload of a close frame. Returns the error to fail the connection with if it is wrong. */
export function parseClosePayload(
  kernels: Kernels,
  bytes: Uint8Array,
  start: number,
  end: number,
): CloseStatus | RemoteProtocolError {
  if (start === end) return { code: CloseCode.noStatusReceived, reason: '' };
  // RFC 6455 §5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned
  // integer".
  if (end - start === 1) {
    return new RemoteProtocolError(
      'the peer sent a close frame with one byte of payload (RFC 6455 §5.5.1)',
      CloseCode.protocolError,
    );
  }
  const code = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
  if (!isValidCloseCode(code)) {
    return new RemoteProtocolError(
      `the peer sent the invalid close code ${code} (RFC 6455 §7.4)`,
      CloseCode.protocolError,
    );
  }
  if (!kernels.isUtf8(bytes, start + 2, end)) {
    return new RemoteProtocolError(
      'the peer sent a close reason that is not UTF-8 (RFC 6455 §5.5.1)',
      CloseCode.invalidPayload,
    );
  }
  return { code, reason: decoder.decode(bytes.subarray(start + 2, end)) };
}
