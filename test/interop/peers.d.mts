export interface PeerProgram {
  name: string;
  path: string | undefined;
  version: string | undefined;
  hint: string;
}

export function findBun(): PeerProgram;
export function findDeno(): PeerProgram;
export function findWebsockets(): PeerProgram;
export function findChromium(): PeerProgram;
export function findReverseProxy(name: 'nginx' | 'haproxy'): PeerProgram;
