// A server that leaves at a signal.
import { handleSignals, serve } from 'wirespeed/server';

const server = await serve({ host: '127.0.0.1', handlers: {} });
handleSignals(server, { over: 100 });
process.stdout.write(String(server.port));
