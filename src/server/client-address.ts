/**
 * Finds the address of the client behind proxies that are trusted, and the network that it counts by.
 */
import { BlockList, isIP } from 'node:net';
import { type HeaderMap, parseList } from '../protocol/opening/head.ts';
import { plainAddress } from '../transport/socket.ts';

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
    const hops = forwardedFor(headers);
    for (let i = hops.length - 1; i >= 0; i--) {
      const hop = hops[i];
      // Nothing that stands before a value which is no address can be relied on.
      if (hop === undefined) return client;
      client = hop;
      if (!this.#trusts(hop)) return client;
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

/** Returns the hops that the headers name, from left to right; `undefined` for one that is no address. */
function forwardedFor(headers: HeaderMap): (string | undefined)[] {
  const hops = headers.get('x-forwarded-for');
  if (hops !== undefined) return parseList(hops).map(addressOf);
  return forwardedElements(headers.get('forwarded') ?? '').map(addressOf);
}

/** Returns the `for` parameters of a `Forwarded` header (RFC 7239 §4), an empty text where there is none. */
function forwardedElements(value: string): string[] {
  return splitUnquoted(value, ',')
    .filter((element) => element.trim() !== '')
    .map((element) => {
      for (const pair of splitUnquoted(element, ';')) {
        const equals = pair.indexOf('=');
        if (pair.slice(0, equals).trim().toLowerCase() !== 'for') continue;
        return pair
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/s, '$1');
      }
      return '';
    });
}

/** Splits at a separator that stands outside of quoted strings, in linear time. */
function splitUnquoted(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text[i];
    if (unit === '"') isQuoted = !isQuoted;
    else if (unit === '\\' && isQuoted) i++;
    else if (unit === separator && !isQuoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Returns the address of a hop, which may have a port; `undefined` if it is none. */
function addressOf(hop: string): string | undefined {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?$/.exec(hop)?.[1];
  const withPort = /^([0-9.]+):\d{1,5}$/.exec(hop)?.[1];
  const address = bracketed ?? withPort ?? hop;
  return isIP(address) === 0 ? undefined : plainAddress(address);
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
