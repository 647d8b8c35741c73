// A server that leaves at a signal, and takes the HTTP server with it that it is attached to.
import { createServer } from 'node:http';
import { attach, handleSignals } from 'wirespeed/server';

const http = createServer((_, response) => response.end('page'));
handleSignals(attach(http, { handlers: {} }), { over: 100 });
http.listen(0, '127.0.0.1', () => process.stdout.write(String(http.address().port)));
