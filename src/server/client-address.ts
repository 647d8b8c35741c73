/**
 * Finds the address of the client behind proxies that are trusted, and the network that it counts by.
 */
import { BlockList, isIP } from 'node:net';
import { URL } from 'node:url';
import type { HeaderMap } from '../protocol/opening/head.ts';
import { plainAddress } from '../transport/socket.ts';

/** Most proxies that are looked through. */
const MAX_HOPS = 32;

/** Networks that have a name. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: [
    ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'],
    ...['fc00::/7', 'fe80::/10'],
  ],
};

/** The proxies that are trusted. */
export class TrustedProxies {
  readonly #networks = new BlockList();
  readonly #trustsUnix: boolean;
  readonly isEmpty: boolean;

  /**
   * @param names addresses, networks and names
   * @throws TypeError for one that is none of these
   */
  constructor(names: readonly string[]) {
    this.isEmpty = names.length === 0;
    this.#trustsUnix = names.includes('unix');
    for (const name of names) {
      if (name === 'unix') continue;
      for (const network of NAMED[name] ?? [name]) this.#add(network);
    }
  }

  /**
   * Returns the address of the client: the rightmost one that is no trusted proxy's.
   *
   * @param peer the address of the socket's other end; `undefined` over a unix socket
   */
  clientOf(peer: string | undefined, headers: HeaderMap): string | undefined {
    let client = peer;
    if (!this.#trusts(peer)) return client;
    let count = 0;
    for (const hop of hopsFromRight(headers)) {
      const address = addressOf(hop);
      // Nothing that stands before a value which is no address can be relied on.
      if (address === undefined || count++ === MAX_HOPS) return client;
      client = address;
      if (!this.#trusts(address)) return client;
    }
    return client;
  }

  #trusts(address: string | undefined): boolean {
    if (this.isEmpty) return false;
    if (address === undefined) return this.#trustsUnix;
    return this.#networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }

  #add(network: string): void {
    const [address = '', length] = network.split('/');
    const family = isIP(address);
    const bits = length === undefined ? widthOf(family) : Number(length);
    const isLength = length === undefined || /^\d{1,3}$/.test(length);
    if (family === 0 || !isLength || bits > widthOf(family)) {
      throw new TypeError(
        `option 'trustProxy': '${network}' is no address and no network such as 10.0.0.0/8; names are ${[...Object.keys(NAMED), 'unix'].join(', ')}`,
      );
    }
    this.#networks.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
}

function widthOf(family: number): number {
  return family === 6 ? 128 : 32;
}

/** Gives the hops that the headers name, the last one first: that is the one which the nearest proxy has added. */
function* hopsFromRight(headers: HeaderMap): Iterable<string> {
  const hops = headers.get('x-forwarded-for');
  if (hops !== undefined) {
    for (const hop of partsFromRight(hops, ',')) if (hop !== '') yield hop;
    return;
  }
  for (const element of partsFromRight(headers.get('forwarded') ?? '', ',')) {
    if (element !== '') yield forOf(element);
  }
}

/** Returns the `for` parameter of an element of `Forwarded` (RFC 7239 §4), an empty text if there is none. */
function forOf(element: string): string {
  for (const pair of partsFromRight(element, ';')) {
    const equals = pair.indexOf('=');
    if (pair.slice(0, equals).trim().toLowerCase() !== 'for') continue;
    return pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/s, '$1');
  }
  return '';
}

/**
 * Splits at a separator outside of quoted strings, from the right. So a quote that a client has left open hides nothing
 * of what proxies have added behind it.
 */
function* partsFromRight(text: string, separator: string): Iterable<string> {
  let end = text.length;
  let isQuoted = false;
  for (let i = text.length - 1; i >= 0; i--) {
    const unit = text[i];
    if (unit === '"') isQuoted = !isQuoted;
    else if (unit === separator && !isQuoted) {
      yield text.slice(i + 1, end).trim();
      end = i;
    }
  }
  yield text.slice(0, end).trim();
}

/** Returns the address of a hop, which may have a port; `undefined` if it is none. */
function addressOf(hop: string): string | undefined {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?$/.exec(hop)?.[1];
  const withPort = /^([0-9.]+):\d{1,5}$/.exec(hop)?.[1];
  const address = bracketed ?? withPort ?? hop;
  const family = isIP(address);
  if (family === 0) return undefined;
  return plainAddress(family === 6 ? shortest(address) : address);
}

/** Writes an IPv6 address in its shortest form, without a zone. */
export function shortest(address: string): string {
  const [withoutZone = ''] = address.split('%');
  return new URL(`http://[${withoutZone}]/`).hostname.slice(1, -1);
}

/** Returns what an address counts by: itself, or its /64 for IPv6. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** Returns the groups of a part of an IPv6 address. An IPv4 address at its end stands for two. */
function groupsOf(part: string): string[] {
  if (part === '') return [];
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
