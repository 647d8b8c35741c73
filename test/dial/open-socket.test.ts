import { Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { openSocket } from '../../src/dial/open-socket.ts';
import { parseTarget } from '../../src/dial/target.ts';
import { resolveConnectOptions } from '../../src/options/options.ts';
import type { SocketListener } from '../../src/transport/socket.ts';

afterEach(() => vi.restoreAllMocks());

const listener: SocketListener = {
  handlePhase() {},
  handleEnd() {},
  handleError() {},
  handleClose() {},
  receive: () => true,
};

it.each([true, false])('sets noDelay over TLS as well: %s', (noDelay) => {
  const asked = vi.spyOn(Socket.prototype, 'setNoDelay');
  const options = resolveConnectOptions({ noDelay });
  openSocket(parseTarget('wss://127.0.0.1:1/'), options, listener).destroy();
  expect(asked).toHaveBeenCalledWith(noDelay);
});

it('sets keepAlive over TLS if tls.keepAlive asks for it', () => {
  const asked = vi.spyOn(Socket.prototype, 'setKeepAlive');
  const options = { tls: { keepAlive: true, keepAliveInitialDelay: 7000 } };
  openSocket(parseTarget('wss://127.0.0.1:1/'), resolveConnectOptions(options), listener).destroy();
  expect(asked).toHaveBeenCalledWith(true, 7000);
});
