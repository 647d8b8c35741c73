/** The certificates of the cells over TLS: those of the tests, which are public and for 127.0.0.1. */
import { fileURLToPath } from 'node:url';

const AUTHORITY = path('authority.pem');
export const CERTIFICATE = path('localhost.pem');
export const PRIVATE_KEY = path('server-key.pem');

/** What makes a client, whatever it is written in, trust the authority. */
export const TRUST = {
  NODE_EXTRA_CA_CERTS: AUTHORITY,
  DENO_CERT: AUTHORITY,
  SSL_CERT_FILE: AUTHORITY,
};

/** @param {string} name */
function path(name) {
  return fileURLToPath(new URL(`../../test/support/certificates/${name}`, import.meta.url));
}
