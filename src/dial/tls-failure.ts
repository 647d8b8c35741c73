/**
 * Words the errors of TLS: why it failed, and what to do.
 */
import type { ConnectPhase } from '../errors.ts';
import type { Target } from './target.ts';

/** A system error, as `net` and `tls` raise it. */
export interface SystemError extends Error {
  code?: string;
  syscall?: string;
  address?: string;
  port?: number;
  /** The reason in the words of OpenSSL. */
  reason?: string;
  errors?: SystemError[];
}

/** Codes for a certificate whose authority is not trusted. */
const UNKNOWN_AUTHORITY =
  /^(?:UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)$/;

/** Other faults of a certificate, by OpenSSL's codes. */
const FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired, or the clock of this machine is wrong',
  CERT_NOT_YET_VALID: 'is not valid yet, or the clock of this machine is wrong',
  CERT_REVOKED: 'was revoked',
  INVALID_PURPOSE: 'is not one for a server',
};

/** Codes for any other fault of a certificate or of a revocation list. */
const CERTIFICATE =
  /^(?:CERT_|CRL_|UNABLE_TO_|ERROR_IN_|INVALID_CA|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)/;

/** Codes for what the server has sent, each with its meaning. */
const ALERTS: readonly (readonly [RegExp, string])[] = [
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE/,
    'the server does not speak TLS; is it a ws: URL?',
  ],
  [
    /ECONNRESET|EPIPE/,
    'the server closed the connection during the TLS handshake; is it a ws: URL?',
  ],
  [
    /ALERT_(?:CERTIFICATE_|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/,
    'the server refused the certificate of this client, or wants one; it goes into the option tls: { cert, key }',
  ],
  [
    /ALERT_HANDSHAKE_FAILURE/,
    'the server and this client share no cipher, or the server wants a certificate of this client, which goes into the option tls: { cert, key }',
  ],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE/,
    'the server and this client share no version of TLS; see the options tls: { minVersion, maxVersion }',
  ],
  [/NO_APPLICATION_PROTOCOL/, 'the server does not speak HTTP/1.1'],
];

/** Tells whether TLS failed. With TLS 1.3 a server may refuse the client after the handshake, in a later phase. */
export function isTlsFailure({ code = '' }: SystemError, phase: ConnectPhase): boolean {
  return phase === 'tls' || code.startsWith('ERR_SSL_');
}

/** Words a failure of TLS. */
export function tlsFailure(error: SystemError, target: Target): string {
  const { code = '', message } = error;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    // The certificate stays on the error, but would fill a page where the error is shown.
    Object.defineProperty(error, 'cert', { enumerable: false });
    return `the server's certificate is for another host: ${message} (${code})`;
  }
  if (Object.hasOwn(FAULTS, code)) return `the server's certificate ${FAULTS[code]} (${code})`;
  if (UNKNOWN_AUTHORITY.test(code)) {
    return `the server's certificate was refused: ${message} (${code}); if the server is yours, give its CA in the option tls: { ca }`;
  }
  if (CERTIFICATE.test(code)) return `the server's certificate was refused: ${message} (${code})`;
  if (code.includes('UNRECOGNIZED_NAME')) {
    return `the server does not know the name ${target.hostname} (${code}); another name goes into the option tls: { servername }`;
  }
  const meaning = ALERTS.find(([pattern]) => pattern.test(code))?.[1];
  if (meaning !== undefined) return `${meaning} (${code})`;
  return `the TLS handshake failed: ${error.reason ?? message}${code && ` (${code})`}`;
}
