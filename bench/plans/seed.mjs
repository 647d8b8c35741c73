/** `--seed`: the tables of the reference document, measured on two neutral servers and on the document's own. */
import { POLLING_TWINS } from '../peers/variants.mjs';
import { listCells } from './cells.mjs';

const SIZES = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
/** The sizes of the document's pipelined table. */
const PIPELINED_SIZES = [512, 1024, 4096, 16_384, 65_536];
const ENDS = [512, 65_536];

const AS_PUBLISHED = 'picows-as-published';
/** The clients of the reference document, and those of Wirespeed. */
const PUBLISHED_PEERS = [
  'wirespeed-sync',
  'wirespeed-async',
  'wirespeed-events',
  'picows',
  'websocket-rs-sync',
  'websocket-rs-tokio',
  'websocket-client',
  'websockets-sync',
  'websockets-async',
];

/**
 * @param {readonly string[]} peers all clients but the variants
 * @returns {import('./plan.mjs').Section[]}
 */
export function seedSections(peers) {
  const everybody = [...peers.filter((name) => name !== AS_PUBLISHED), ...POLLING_TWINS];
  return [
    {
      name: 'main',
      title: 'the tables of the reference document',
      server: 'tokio-tungstenite',
      peers: everybody,
      cells: [...listCells(['rr'], SIZES), ...listCells(['pipelined'], PIPELINED_SIZES)],
    },
    {
      name: 'second',
      title: 'both ends of the sizes on a second server',
      server: 'fastwebsockets',
      peers: everybody,
      cells: listCells(['rr', 'pipelined'], ENDS),
    },
    {
      name: 'published',
      title: 'both ends of the sizes on the reference document’s own server',
      server: 'websockets',
      isServerEssential: true,
      peers: PUBLISHED_PEERS,
      cells: listCells(['rr', 'pipelined'], ENDS),
    },
    {
      name: 'published-burst',
      title:
        'as the reference document measured picows: all messages at once, through a task and a queue',
      server: 'websockets',
      isServerEssential: true,
      peers: [AS_PUBLISHED],
      cells: listCells(['burst'], ENDS),
    },
  ];
}
