/**
 * `--sync`: the sync client with each way of blocking I/O, and other blocking clients; plain and over TLS, on one core
 * and on two.
 */

import { SYNC_IO_PEERS } from '../peers/variants.mjs';
import { listCells } from './cells.mjs';

const SIZES = [64, 512, 65_536];
const OTHERS = ['ws', 'websocket-client', 'websockets-sync', 'websocket-rs-sync'];

/** @returns {import('./plan.mjs').Section[]} */
export function syncSections() {
  return [false, true].flatMap((isTls) =>
    [true, false].map((isSameCore) => ({
      name: `${isTls ? 'tls' : 'plain'}-${isSameCore ? 'same' : 'other'}-core`,
      title: `${isTls ? 'over TLS' : 'plain'}, ${isSameCore ? 'server and client on one core' : 'server on another core'}`,
      server: 'tokio-tungstenite',
      isTls,
      isSameCore,
      // The floor in C has no TLS.
      peers: [...SYNC_IO_PEERS, ...OTHERS, ...(isTls ? [] : ['floor-c'])],
      cells: listCells(['rr'], SIZES),
    })),
  );
}
