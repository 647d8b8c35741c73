/** The certificates for cells over TLS. They are those of the tests: public, and made for 127.0.0.1. */
import { fileURLToPath } from 'node:url';

const AUTHORITY = path('authority.pem');
export const CERTIFICATE = path('localhost.pem');
export const PRIVATE_KEY = path('server-key.pem');

/** The environment variables by which clients in every language trust the authority. */
export const TRUST = {
  NODE_EXTRA_CA_CERTS: AUTHORITY,
  DENO_CERT: AUTHORITY,
  SSL_CERT_FILE: AUTHORITY,
};

/** @param {string} name */
function path(name) {
  return fileURLToPath(new URL(`../../test/support/certificates/${name}`, import.meta.url));
}
