/** `--sync`: the rungs of the blocking face against other blocking clients, plain and over TLS, near and far. */

import { SYNC_RUNG_PEERS } from '../peers/variants.mjs';
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
      // The floor in C knows no TLS.
      peers: [...SYNC_RUNG_PEERS, ...OTHERS, ...(isTls ? [] : ['floor-c'])],
      cells: listCells(['rr'], SIZES),
    })),
  );
}
