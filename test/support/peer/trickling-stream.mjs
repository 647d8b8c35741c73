// A stream over a socket that writes every byte by itself. Below TLS, it makes records arrive in pieces.
import { Duplex } from 'node:stream';
import { Outlet } from './outlet.mjs';

export function tricklingStream(socket) {
  const outlet = new Outlet(socket, true);
  const stream = new Duplex({
    allowHalfOpen: true,
    read() {},
    write(chunk, _encoding, done) {
      outlet.write(Buffer.from(chunk));
      outlet.afterwards(done);
    },
    final(done) {
      outlet.end();
      done();
    },
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => stream.push(chunk));
  socket.on('end', () => stream.push(null));
  socket.on('close', () => stream.destroy());
  return stream;
}
