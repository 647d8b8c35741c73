/**
 * Makes the error for a call on a session that is closing or closed. The error says how the session
 * ended.
 */
import { type CloseStatus, ConnectionClosedError, type WebSocketError } from '../errors.ts';
import { CloseCode } from './close-code.ts';
import type { ConnectionState } from './session-state.ts';

/** What a session knows about its end. */
export interface EndFacts {
  readonly state: ConnectionState;
  readonly sent: CloseStatus | undefined;
  readonly received: CloseStatus | undefined;
  readonly wasClean: boolean;
  readonly failure: WebSocketError | undefined;
}

/** Makes the error for a call that needs an open connection. */
export function closedError(end: EndFacts): ConnectionClosedError {
  const { received, sent, wasClean, failure } = end;
  const closeCode = received?.code ?? CloseCode.abnormalClosure;
  const reason = received?.reason ?? '';
  return new ConnectionClosedError(
    describeEnd(end),
    { closeCode, reason, wasClean, sent, received },
    failure === undefined ? undefined : { cause: failure },
  );
}

function describeEnd({ state, received, failure }: EndFacts): string {
  if (received !== undefined) {
    const { code, reason } = received;
    const by = code === CloseCode.noStatusReceived ? 'without a code' : `with ${code}`;
    return `the peer closed the connection ${by}${reason && ` (${reason})`}`;
  }
  if (failure !== undefined) return `the connection was lost: ${failure.message}`;
  if (state !== 'closed') return 'the connection is being closed';
  return 'the connection ended without a close frame';
}
