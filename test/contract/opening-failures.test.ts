import { createServer } from 'node:net';
import { expect } from 'vitest';
import { END, type Opening, RESET, type Step, sendBytes, sleep } from '../support/peer/index.ts';
import { contract, rejection } from './contract.ts';

contract('a failed opening handshake', ({ connect, connectTo, face, way, it }) => {
  /** Connects to a peer that sends this instead of a right response, and returns the error. */
  async function refused(
    opening: Opening,
    options?: object,
    steps: readonly Step[] = [END],
  ): Promise<Error> {
    return rejection(connectTo(steps, options, { opening }));
  }

  it.everywhere('says status, headers and body where the server answers with a page', async () => {
    const body = '<h1>No WebSocket here</h1>';
    const error = await refused({
      response: `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    });
    expect(error).toBeInstanceOf(face.errors.HandshakeStatusError);
    expect(error).toMatchObject({
      status: 200,
      statusText: 'OK',
      code: 'WS_HANDSHAKE_STATUS',
      phase: 'upgrade',
    });
    const { headers, body: bytes } = error as InstanceType<typeof face.errors.HandshakeStatusError>;
    expect(headers.get('content-type')).toBe('text/html');
    expect(headers.get('x-two')).toBe('a, b');
    expect(Buffer.from(bytes).toString()).toBe(body);
  });

  it.everywhere('reads a chunked body', async () => {
    const error = await refused({
      response:
        'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nno su\r\n8\r\nch place\r\n0\r\n\r\n',
    });
    expect(error).toBeInstanceOf(face.errors.HandshakeStatusError);
    const { status, body } = error as InstanceType<typeof face.errors.HandshakeStatusError>;
    expect(status).toBe(404);
    expect(Buffer.from(body).toString()).toBe('no such place');
  });

  it.everywhere('reads a body that the end of the connection ends', async () => {
    const error = await refused({
      response: 'HTTP/1.1 500 Internal Server Error\r\n\r\nsomething broke',
    });
    expect(error).toMatchObject({ status: 500 });
    const { body } = error as InstanceType<typeof face.errors.HandshakeStatusError>;
    expect(Buffer.from(body).toString()).toBe('something broke');
  });

  if (way !== 'byte by byte') {
    it.everywhere('keeps 64 KiB of a body and waits for no more', async () => {
      const piece = new Uint8Array(1000).fill(0x78);
      const opening = { response: 'HTTP/1.1 403 Forbidden\r\n\r\n' };
      const error = await refused(opening, undefined, [sendBytes(piece, 100)]);
      const { body } = error as InstanceType<typeof face.errors.HandshakeStatusError>;
      expect(body).toHaveLength(65_536);
    });
  }

  it('says what a 401 and a 302 ask for, and follows neither', async () => {
    const unauthorized = await refused({
      response:
        'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
    });
    expect(unauthorized).toMatchObject({ status: 401 });
    const { headers } = unauthorized as InstanceType<typeof face.errors.HandshakeStatusError>;
    expect(headers.get('www-authenticate')).toBe('Basic realm="x"');
    const redirect = await refused({
      response: 'HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n',
    });
    expect(redirect).toMatchObject({ status: 302, statusText: 'Found' });
  });

  const garbage: Readonly<Record<string, string>> = {
    'the greeting of another protocol': 'SSH-2.0-OpenSSH_9.6\r\n\r\n',
    'another version of HTTP': 'HTTP/1.0 101 Switching Protocols\r\n\r\n',
    'bytes without a sense': '\u0000\u0001\u0002\r\n\r\n',
    'a header without a name': 'HTTP/1.1 101 Switching Protocols\r\n: value\r\n\r\n',
    'a status of two digits': 'HTTP/1.1 99 Odd\r\n\r\n',
    'lines that end in LF alone': 'HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n',
  };
  for (const [what, response] of Object.entries(garbage)) {
    it(`fails on ${what}`, async () => {
      const error = await refused({ response });
      expect(error).toBeInstanceOf(face.errors.HandshakeError);
      expect(error).toMatchObject({ phase: 'upgrade' });
    });
  }

  if (way !== 'byte by byte') {
    it.everywhere('fails on a head that does not end', async () => {
      const response = `HTTP/1.1 101 Switching Protocols\r\nX: ${'x'.repeat(20_000)}`;
      const error = await refused({ response }, undefined, []);
      expect(error).toBeInstanceOf(face.errors.HandshakeError);
    });
  }

  const wrongHeaders: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
    'sec-websocket-accept': { 'Sec-WebSocket-Accept': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' },
    upgrade: { Upgrade: 'h2c' },
    connection: { Connection: 'close' },
  };
  for (const [name, headers] of Object.entries(wrongHeaders)) {
    it(`rejects a wrong or missing '${name}' header (RFC 6455 §4.1)`, async () => {
      const missing = Object.fromEntries(Object.keys(headers).map((field) => [field, null]));
      for (const changed of [headers, missing]) {
        const error = await refused({ headers: changed });
        expect(error).toBeInstanceOf(face.errors.InvalidHeaderError);
        expect(error).toMatchObject({ header: name, code: 'WS_INVALID_HEADER' });
      }
    });
  }

  it.everywhere('fails where the server ends the connection without an answer', async () => {
    const error = await rejection(connectTo([END], undefined, { opening: { response: '' } }));
    expect(error).toBeInstanceOf(face.errors.HandshakeError);
    const early = await refused({ response: 'HTTP/1.1 101 Swit' });
    expect(early).toBeInstanceOf(face.errors.HandshakeError);
  });

  it.everywhere(
    'fails where the server resets the connection in the middle of its answer',
    async () => {
      const steps = [sleep(20), RESET];
      const error = await refused({ response: 'HTTP/1.1 101 Swit' }, undefined, steps);
      expect(error).toBeInstanceOf(face.errors.ConnectError);
      expect(error).toMatchObject({ phase: 'upgrade' });
    },
  );

  it.everywhere('gives up when the server does not answer in time', async () => {
    const start = performance.now();
    const error = await refused({ isMute: true }, { connectTimeout: 60 });
    const elapsed = performance.now() - start;
    expect(error).toBeInstanceOf(face.errors.TimeoutError);
    expect(error).toMatchObject({ operation: 'connect', timeout: 60, code: 'WS_TIMEOUT' });
    expect(elapsed).toBeGreaterThanOrEqual(57);
    expect(elapsed).toBeLessThan(1000);
  });

  it.everywhere('gives up when the server does not finish its answer in time', async () => {
    const response = 'HTTP/1.1 101 Switching';
    const error = await refused({ response }, { connectTimeout: 60 }, []);
    expect(error).toMatchObject({ operation: 'connect', timeout: 60 });
  });

  it.everywhere('says address and phase where nothing listens', async () => {
    const port = await freePort();
    const scheme = way === 'over TLS' ? 'wss' : 'ws';
    const error = await rejection(connect(`${scheme}://user:secret@127.0.0.1:${port}/path`));
    expect(error).toBeInstanceOf(face.errors.ConnectError);
    expect(error).toMatchObject({
      phase: 'tcp',
      address: `127.0.0.1:${port}`,
      url: `${scheme}://127.0.0.1:${port}/path`,
      code: 'WS_CONNECT_FAILED',
      cause: { code: 'ECONNREFUSED' },
    });
    expect(error.message).not.toContain('secret');
  });

  it('says phase dns where the name is unknown', async () => {
    const error = await rejection(connect('ws://nowhere.invalid/', { connectTimeout: 8000 }));
    expect(error).toBeInstanceOf(face.errors.ConnectError);
    expect(error).toMatchObject({ phase: 'dns' });
    expect(error.message).toContain('nowhere.invalid');
  });
});

/** A port of 127.0.0.1 where nobody listens any more. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
