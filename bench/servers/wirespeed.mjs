/** Wirespeed's own server, with the services of the benchmark. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { importLibrary } from '../peers/wirespeed-library.mjs';
import { closeAtSignals, SERVICE } from './wirespeed-service.mjs';

const [certificate, key] = process.argv.slice(2);
const { serve } = await importLibrary('wirespeed/server');

const server = await serve({
  ...SERVICE,
  port: 0,
  host: '127.0.0.1',
  tls: certificate
    ? { cert: readFileSync(certificate), key: readFileSync(String(key)) }
    : undefined,
});
console.log(`listening on ${server.url}`);
closeAtSignals(() => void server.close());
