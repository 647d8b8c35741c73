/**
 * The figures of the reference document, in milliseconds, and for each name that it uses the client that is measured here.
 *
 * The reference document is a published comparison of WebSocket clients for Python: websocket-rs, picows, websockets and
 * websocket-client. `--seed` measures what it measured.
 */

/**
 * @typedef {object} DocumentRow
 * @property {string} name as the document has it
 * @property {string} peer
 * @property {number} [send] C→S
 * @property {number} [receive] S→C
 * @property {number} rtt
 */

/**
 * @typedef {object} DocumentTable
 * @property {string} title
 * @property {'rr' | 'pipelined'} mode
 * @property {number} size bytes
 * @property {DocumentRow[]} rows
 */

/** @type {DocumentTable[]} */
export const DOCUMENT_TABLES = [
  {
    title: 'Request-response, small messages (512 bytes)',
    mode: 'rr',
    size: 512,
    rows: [
      row('picows (RR)', 'picows', 0.005, 0.005, 0.01),
      row('websocket-rs Sync', 'websocket-rs-sync', 0.053, 0.047, 0.101),
      row('websocket-client', 'websocket-client', 0.069, 0.06, 0.129),
      row('websockets (RR)', 'websockets-async', 0.084, 0.083, 0.167),
      row('websockets (Sync)', 'websockets-sync', 0.084, 0.109, 0.194),
      row('websocket-rs (RR)', 'websocket-rs-tokio', 0.103, 0.092, 0.196),
    ],
  },
  {
    title: 'Request-response, large messages (65536 bytes)',
    mode: 'rr',
    size: 65_536,
    rows: [
      row('picows (RR)', 'picows', 0.021, 0.013, 0.034),
      row('websocket-rs Sync', 'websocket-rs-sync', 0.07, 0.057, 0.128),
      row('websocket-rs (RR)', 'websocket-rs-tokio', 0.129, 0.108, 0.238),
      row('websocket-client', 'websocket-client', 0.162, 0.074, 0.237),
      row('websockets (RR)', 'websockets-async', 0.392, 0.397, 0.79),
      row('websockets (Sync)', 'websockets-sync', 0.391, 0.421, 0.814),
    ],
  },
  {
    title: 'Pipelined, large messages (65536 bytes, sliding window)',
    mode: 'pipelined',
    size: 65_536,
    rows: [
      row('websocket-rs Async', 'websocket-rs-tokio', 2.329, 0.635, 2.964),
      row('picows', 'picows', 35.719, 0.409, 36.129),
      row('websockets (Async)', 'websockets-async', 31.197, 30.019, 61.217),
    ],
  },
];

/**
 * @typedef {object} DocumentScaling
 * @property {string} title
 * @property {'rr' | 'pipelined'} mode
 * @property {number[]} sizes bytes
 * @property {{ name: string, peer: string, rtts: number[] }[]} columns
 */

/** @type {DocumentScaling[]} */
export const DOCUMENT_SCALING = [
  {
    title: 'Request-response by message size',
    mode: 'rr',
    sizes: [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536],
    columns: [
      column('picows (RR)', 'picows', [0.01, 0.01, 0.012, 0.011, 0.012, 0.015, 0.02, 0.034]),
      column(
        'websocket-rs Sync',
        'websocket-rs-sync',
        [0.101, 0.102, 0.106, 0.103, 0.109, 0.109, 0.115, 0.128],
      ),
      column(
        'websocket-rs (RR)',
        'websocket-rs-tokio',
        [0.196, 0.199, 0.198, 0.201, 0.201, 0.204, 0.21, 0.238],
      ),
      column(
        'websockets (RR)',
        'websockets-async',
        [0.167, 0.175, 0.183, 0.212, 0.255, 0.339, 0.489, 0.79],
      ),
    ],
  },
  {
    title: 'Pipelined by message size',
    mode: 'pipelined',
    sizes: [512, 1024, 4096, 16_384, 65_536],
    columns: [
      column('websocket-rs Async', 'websocket-rs-tokio', [0.873, 0.889, 1.094, 2.034, 2.964]),
      column('picows', 'picows', [4.904, 4.749, 5.926, 14.398, 36.129]),
      column('websockets (Async)', 'websockets-async', [2.206, 2.626, 6.309, 17.562, 61.217]),
    ],
  },
];

/** The clients of Wirespeed, which are shown beside those of the document. */
export const OUR_CLIENTS = ['wirespeed-sync', 'wirespeed-async', 'wirespeed-events'];

/**
 * @param {string} name
 * @param {string} peer
 * @param {number} send
 * @param {number} receive
 * @param {number} rtt
 * @returns {DocumentRow}
 */
function row(name, peer, send, receive, rtt) {
  return { name, peer, send, receive, rtt };
}

/**
 * @param {string} name
 * @param {string} peer
 * @param {number[]} rtts
 */
function column(name, peer, rtts) {
  return { name, peer, rtts };
}
