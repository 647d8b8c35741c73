/** Wirespeed's server, attached to one of `node:http`. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import process from 'node:process';
import { importLibrary } from '../peers/wirespeed-library.mjs';
import { closeAtSignals, SERVICE } from './wirespeed-service.mjs';

const [certificate, key] = process.argv.slice(2);
const { attach } = await importLibrary('wirespeed/server');

const http = certificate
  ? createSecureServer({ cert: readFileSync(certificate), key: readFileSync(String(key)) })
  : createServer();
const server = attach(http, SERVICE);
http.listen(0, '127.0.0.1', () => console.log(`listening on ${server.url}`));
closeAtSignals(() => {
  http.close();
  void server.close();
});
