import { describe, expect, it } from 'vitest';
import { ConnectionClosedError, RemoteProtocolError, TransportError } from '../../src/errors.ts';
import { closedError, type EndFacts } from '../../src/protocol/closed-error.ts';
import { openEndpoint } from '../support/endpoint.ts';
import { closePayload } from '../support/frames.ts';

function errorFor(facts: Partial<EndFacts>): ConnectionClosedError {
  const nothing = { sent: undefined, received: undefined, failure: undefined };
  const error = closedError({ state: 'closed', wasClean: false, ...nothing, ...facts });
  expect(error).toBeInstanceOf(ConnectionClosedError);
  return error;
}

describe('the error for a call after the end', () => {
  it('tells how the peer closed', () => {
    const received = { code: 1001, reason: 'bye' };
    const error = errorFor({ received, sent: received, wasClean: true });
    expect(error).toMatchObject({ closeCode: 1001, reason: 'bye', wasClean: true, received });
    expect(error.message).toBe('the peer closed the connection with 1001 (bye)');
    expect(error.cause).toBeUndefined();
  });

  it('leaves out a code or a reason that the close frame did not have', () => {
    const { message } = errorFor({ received: { code: 1005, reason: '' } });
    expect(message).toBe('the peer closed the connection without a code');
    expect(errorFor({ received: { code: 1000, reason: '' } }).message).toBe(
      'the peer closed the connection with 1000',
    );
  });

  it('tells what failed', () => {
    const failure = new TransportError('reset by the peer');
    const error = errorFor({ failure });
    expect(error).toMatchObject({ closeCode: 1006, reason: '', cause: failure });
    expect(error.message).toBe('the connection was lost: reset by the peer');
  });

  it('tells apart a close in progress and an end without a close frame', () => {
    const sent = { code: 1000, reason: '' };
    const message = 'the connection is being closed';
    expect(errorFor({ state: 'closing', sent })).toMatchObject({ message, sent, closeCode: 1006 });
    expect(errorFor({ state: 'closed' }).message).toBe(
      'the connection ended without a close frame',
    );
  });

  it('is made of what a session knows about its end', () => {
    const end = openEndpoint('client');
    end.receiveFrames({ opcode: 8, payload: closePayload(4000, 'why') });
    expect(end.session.closedError()).toMatchObject({ closeCode: 4000, wasClean: true });
    const failed = openEndpoint('client');
    failed.receiveFrames({ opcode: 3 });
    expect(failed.session.closedError().cause).toBeInstanceOf(RemoteProtocolError);
  });
});
