/**
 * A client that breaks a rule has its connection failed with the right close code, and no other connection.
 */
import { describe, expect, it } from 'vitest';
import { concat, type FrameFields, frame, KEY, parseFrames } from '../support/frames.ts';
import { latin1, request } from '../support/handshakes.ts';
import { VIOLATIONS } from '../support/violations.ts';
import { exchange, open, start } from './running-server.ts';

const OF_CLIENTS: readonly [string, readonly FrameFields[], number][] = [
  ['a frame without a mask (§5.1)', [{ opcode: 1, payload: 'bare', key: undefined }], 1002],
  ...VIOLATIONS,
];

describe.each(['message', 'frame'] as const)(
  'a client, to a server with a %s handler,',
  (handler) => {
    it.each(OF_CLIENTS)('that sends %s is failed with the right code', async (_, frames, code) => {
      const messages: string[] = [];
      const errors: object[] = [];
      const server = await start({
        handlers: {
          [handler]: (_ws: unknown, got: string | { payload: Uint8Array }) => {
            messages.push(typeof got === 'string' ? got : Buffer.from(got.payload).toString());
          },
          error: (_ws, error) => void errors.push(error),
        },
      });
      const bystander = await open(server);
      const sent: FrameFields[] = [{ opcode: 1, payload: 'before' }, ...frames];
      const bytes = concat(...sent.map((fields) => frame({ key: KEY, ...fields })));
      const answer = await exchange(server, Buffer.concat([request(), bytes]));
      const [closing, ...more] = parseFrames(latin1(answer.slice(answer.indexOf('\r\n\r\n') + 4)));
      expect(more).toEqual([]);
      expect(closing).toMatchObject({ opcode: 8, isMasked: false });
      expect(closing?.payload).toEqual(Uint8Array.of(code >> 8, code & 0xff));
      expect(messages[0]).toBe('before');
      expect(messages.slice(1).every((text) => text === 'start')).toBe(true);
      expect(errors).toEqual([expect.objectContaining({ closeCode: code })]);
      expect(bystander.state).toBe('open');
    });
  },
);
