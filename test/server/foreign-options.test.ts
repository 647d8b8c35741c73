import { describe, expect, it } from 'vitest';
import { type ServeOptions, serve } from 'wirespeed/server';

/** Options of the servers of ws, `net` and `tls`, and the hint for each. */
const ANSWERS: Readonly<Record<string, RegExp>> = {
  server: /'attach' and 'upgrade'/,
  noServer: /'attach' and 'upgrade'/,
  maxPayload: /'maxMessageSize'/,
  verifyClient: /the hook 'request'/,
  handleProtocols: /'protocols'/,
  clientTracking: /'connections'/,
  WebSocket: /'connections'/,
  skipUTF8Validation: /always checked/,
  allowSynchronousEvents: /always delivered/,
  connectTimeout: /'handshakeTimeout'/,
  origin: /'origins'/,
  cert: /{ tls: { cert } }/,
  key: /{ tls: { key } }/,
  ca: /{ tls: { ca } }/,
  requestCert: /{ tls: { requestCert } }/,
  SNICallback: /{ tls: { SNICallback } }/,
  threshold: /{ perMessageDeflate: { threshold } }/,
};

describe('an option of another library', () => {
  it.each(Object.entries(ANSWERS))('named %s gets a hint', async (name, answer) => {
    const options = { handlers: {}, [name]: 1 } as unknown as ServeOptions<unknown>;
    const error = (await serve(options).catch((reason: unknown) => reason)) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(new RegExp(`^serve: unknown option '${name}'; `));
    expect(error.message).toMatch(answer);
  });
});
