import { describe, expect, it } from 'vitest';
import {
  nextState,
  publicState,
  type SessionEvent,
  type SessionState,
} from '../../src/protocol/session-state.ts';

const EVENTS: readonly SessionEvent[] = ['opened', 'closeSent', 'closeReceived', 'failed', 'ended'];

// RFC 6455 §4 and §7.1, one row per state. A dot stands for an event that changes nothing.
const TABLE = `
  connecting     | open | .         | .              | failed | closed
  open           | .    | closeSent | closeExchanged | failed | closed
  closeSent      | .    | .         | closeExchanged | failed | closed
  closeExchanged | .    | .         | .              | .      | closed
  failed         | .    | .         | .              | .      | closed
  closed         | .    | .         | .              | .      | .
`;

const CELLS = TABLE.trim()
  .split('\n')
  .flatMap((row) => {
    const [state, ...next] = row.split('|').map((cell) => cell.trim());
    return EVENTS.map((event, i) => [state as SessionState, event, next[i] as string] as const);
  });

describe('nextState', () => {
  it.each(CELLS)('from %s on %s: %s', (state, event, expected) => {
    expect(nextState(state, event) ?? '.').toBe(expected);
  });
});

describe('publicState', () => {
  it.each([
    ['connecting', 'connecting'],
    ['open', 'open'],
    ['closeSent', 'closing'],
    ['closeExchanged', 'closing'],
    ['failed', 'closing'],
    ['closed', 'closed'],
  ] as const)('shows %s as %s', (state, expected) => {
    expect(publicState(state)).toBe(expected);
  });
});
