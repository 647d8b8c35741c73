/**
 * The states of a session, as a table: the opening handshake, the closing handshake (RFC 6455 §7.1)
 * and every way in which they end early. A session changes its state by this table only, and asks
 * here what a state allows.
 */

/** States of a session. */
export type SessionState =
  /** The opening handshake is not done. */
  | 'connecting'
  /** Both ends may send messages. */
  | 'open'
  /** A close frame was sent. The peer may still send messages, then its own close frame. */
  | 'closeSent'
  /** Both ends have sent a close frame. The session waits for the end of the TCP connection. */
  | 'closeExchanged'
  /** The connection was failed. The session reads nothing more, and waits for the end of the TCP connection. */
  | 'failed'
  /** The TCP connection has ended, or the session was given up. */
  | 'closed';

/** What can happen to a session. */
export type SessionEvent =
  | 'opened'
  | 'closeSent'
  | 'closeReceived'
  | 'failed'
  /** The TCP connection ended, or the session's owner gave it up. */
  | 'ended';

const TABLE: Readonly<Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>> =
  {
    connecting: { opened: 'open', failed: 'failed', ended: 'closed' },
    // A close frame is answered at once (RFC 6455 §5.5.1), so no state lies between the two frames.
    open: {
      closeSent: 'closeSent',
      closeReceived: 'closeExchanged',
      failed: 'failed',
      ended: 'closed',
    },
    closeSent: { closeReceived: 'closeExchanged', failed: 'failed', ended: 'closed' },
    closeExchanged: { ended: 'closed' },
    failed: { ended: 'closed' },
    closed: {},
  };

/** Returns the state after an event; `undefined` if the event changes nothing in this state. */
export function nextState(state: SessionState, event: SessionEvent): SessionState | undefined {
  return TABLE[state][event];
}

/** Whether messages may be sent. */
export function maySend(state: SessionState): boolean {
  // RFC 6455 §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."
  return state === 'open';
}

/** Whether frames are read: until the peer's close frame, even after this end has sent its own. */
function readsFrames(state: SessionState): boolean {
  // RFC 6455 §7.1.7: "An endpoint MUST NOT continue to attempt to process data [...] from the remote
  // endpoint after being instructed to _Fail the WebSocket Connection_."
  return state === 'open' || state === 'closeSent';
}

/** Whether pings are answered. */
export function maySendPong(state: SessionState): boolean {
  // RFC 6455 §5.5.2: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response,
  // unless it already received a Close frame."
  return readsFrames(state);
}

/** Whether the session still reads what the peer sends. */
export function isListening(state: SessionState): boolean {
  return state === 'connecting' || readsFrames(state);
}

/** Whether the frame reader has to stop after the current frame. */
export function isHalted(state: SessionState, isPaused: boolean): boolean {
  return isPaused || !readsFrames(state);
}

/** Whether a handshake waits for the peer. If the peer is late, the session fails. */
export function awaitsPeer(state: SessionState): boolean {
  return state === 'connecting' || state === 'closeSent';
}

/** Whether the session has ended. */
export function isOver(state: SessionState): boolean {
  return state === 'closed';
}

/** The state of a connection, as users see it. */
export type ConnectionState = 'connecting' | 'open' | 'closing' | 'closed';

/** Returns the state that users see. */
export function publicState(state: SessionState): ConnectionState {
  switch (state) {
    case 'connecting':
    case 'open':
    case 'closed':
      return state;
    case 'closeSent':
    case 'closeExchanged':
    case 'failed':
      return 'closing';
  }
}
