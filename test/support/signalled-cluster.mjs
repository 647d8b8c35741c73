// Two workers on one port, which leave at a signal. The primary passes it on and ends with the last of them.
import cluster from 'node:cluster';
import { createServer } from 'node:net';
import { handleSignals, serve } from 'wirespeed/server';

if (cluster.isPrimary) {
  const free = createServer().listen(0, '127.0.0.1', () => {
    const { port } = free.address();
    free.close(() => begin(port));
  });
} else {
  const server = await serve({ host: '127.0.0.1', port: Number(process.env.PORT), handlers: {} });
  handleSignals(server, { over: 100 });
}

function begin(port) {
  for (let i = 0; i < 2; i++) cluster.fork({ PORT: String(port) });
  let listening = 0;
  cluster.on('listening', () => {
    listening++;
    if (listening === 2) process.stdout.write(String(port));
  });
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
  });
  // The handler alone keeps no process alive.
  cluster.on('exit', () => {
    if (Object.keys(cluster.workers).length === 0) process.exitCode = 0;
  });
}
