/**
 * The life of a session as a state table: the opening handshake, the closing handshake
 * (RFC 6455 §7.1) and every way in which they end early. Nothing else changes the state.
 */

/** States of a session. */
export type SessionState =
  /** The opening handshake is under way. */
  | 'connecting'
  /** Messages go both ways. */
  | 'open'
  /** A close frame was sent; the peer's is awaited, and messages still come. */
  | 'closeSent'
  /** Close frames went both ways; the end of the TCP connection is awaited. */
  | 'closeExchanged'
  /** The connection was failed (RFC 6455 §7.1.7); what still comes is ignored until the end of the TCP connection. */
  | 'failed'
  /** Nothing comes and nothing leaves any more. */
  | 'closed';

/** What can happen to a session. */
export type SessionEvent =
  | 'opened'
  | 'closeSent'
  | 'closeReceived'
  | 'failed'
  /** The TCP connection ended, or whoever owns the session gave it up. */
  | 'ended';

const TABLE: Readonly<Record<SessionState, Readonly<Partial<Record<SessionEvent, SessionState>>>>> =
  {
    connecting: { opened: 'open', failed: 'failed', ended: 'closed' },
    // A close frame received is answered at once (§5.5.1), so there is no state between.
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

/** Returns the state after an event, or nothing where the event means nothing any more. */
export function nextState(state: SessionState, event: SessionEvent): SessionState | undefined {
  return TABLE[state][event];
}

/** Whether messages may be sent. */
export function maySend(state: SessionState): boolean {
  return state === 'open';
}

/** Whether frames are read: messages come until the peer's close frame, be one of ours sent or not. */
function readsFrames(state: SessionState): boolean {
  return state === 'open' || state === 'closeSent';
}

/** RFC 6455 §5.5.2: pings are answered until a close frame was received. */
export function maySendPong(state: SessionState): boolean {
  return readsFrames(state);
}

/** Whether what the peer sends still means something. */
export function isListening(state: SessionState): boolean {
  return state === 'connecting' || readsFrames(state);
}

/** Whether no frame is read now: the reader stops after the one under way. */
export function isHalted(state: SessionState, isPaused: boolean): boolean {
  return isPaused || !readsFrames(state);
}

/** Whether the peer still owes its part of a handshake: without it in time, the session has failed. */
export function awaitsPeer(state: SessionState): boolean {
  return state === 'connecting' || state === 'closeSent';
}

/** Whether nothing comes and nothing leaves any more. */
export function isOver(state: SessionState): boolean {
  return state === 'closed';
}

/** The state as users see it. */
export type ConnectionState = 'connecting' | 'open' | 'closing' | 'closed';

/** Maps a session's state to what users see of it. */
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
