/**
 * Takes the header of the PROXY protocol off the beginning of sockets that a server has accepted.
 */
import type { Socket } from 'node:net';
import { clearTimeout, setTimeout } from '../transport/clock.ts';
import { plainAddress } from '../transport/socket.ts';
import { setProxiedAddress } from './proxied-addresses.ts';
import { readProxyHeader } from './proxy-header.ts';

/**
 * Reads the header, then gives the socket to `next`, with the bytes that came behind the header unread. A socket whose
 * header is wrong, or does not come in time, is destroyed.
 *
 * @param timeout milliseconds for the header; 0 for no limit
 */
export function takeProxyHeader(
  socket: Socket,
  timeout: number,
  next: (socket: Socket) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const timer = timeout === 0 ? undefined : setTimeout(() => socket.destroy(), timeout);
  timer?.unref();
  const finish = (): void => {
    clearTimeout(timer);
    socket.off('readable', read).off('close', finish);
  };
  const read = (): void => {
    const piece = socket.read() as Buffer | null;
    if (piece === null) return;
    bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
    try {
      const header = readProxyHeader(bytes);
      if (header === undefined) return;
      finish();
      if (header.source !== undefined) {
        const { address, port } = header.source;
        setProxiedAddress(socket, { remoteAddress: plainAddress(address) ?? '', remotePort: port });
      }
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
      socket.off('error', ignore);
      next(socket);
    } catch {
      finish();
      socket.destroy();
    }
  };
  // The socket has no other listener yet, and a reset without one would end the process.
  socket.on('error', ignore).on('close', finish).on('readable', read);
}

function ignore(): void {}
