// A server on the descriptor that systemd would pass on. It is the process that was meant.
import { serve } from 'wirespeed/server';

process.env.LISTEN_PID = String(process.pid);
const server = await serve({
  fd: 'systemd',
  handlers: { message: (ws, data) => void ws.send(data) },
});
process.stdout.write(server.url);
