/**
 * Decides which connections a server has room for: how many there are, how many of one address, and how fast new ones
 * come.
 */
import type { ResolvedLimits } from '../options/options.ts';
import { now } from '../transport/clock.ts';
import { networkOf } from './client-address.ts';
import { TokenBucket } from './token-bucket.ts';

/** Why a server has no room: the name of the limit, as in the option `limits`. */
export type AdmissionLimit = 'connections' | 'perIp' | 'handshakesPerSecond';

/** A refusal for want of room. */
export interface NoRoom {
  readonly limit: AdmissionLimit;
  readonly status: number;
  readonly reason: string;
  /** Seconds after which another attempt makes sense. */
  readonly retryAfter: number;
}

/** Seconds after which a client may try again, where nobody can know better. */
const RETRY_AFTER = 5;

/** Counts the connections that a server has admitted, open ones and those being decided on. */
export class Admissions {
  readonly #max: number;
  readonly #perIp: number;
  readonly #rate: TokenBucket | undefined;
  readonly #byNetwork = new Map<string, number>();
  #count = 0;

  constructor(limits: ResolvedLimits, maxConnections: number) {
    this.#max = Math.min(limits.connections, maxConnections);
    this.#perIp = limits.perIp;
    const { handshakesPerSecond } = limits;
    if (handshakesPerSecond !== Number.POSITIVE_INFINITY) {
      this.#rate = new TokenBucket(handshakesPerSecond, now());
    }
  }

  /**
   * Admits a connection. Returns the network by which it is counted, or the empty string, for `leave`; or why there is
   * no room.
   */
  admit(address: string | undefined): string | NoRoom {
    if (this.#rate?.take(now()) === false) {
      return {
        limit: 'handshakesPerSecond',
        status: 503,
        reason: 'too many requests at once',
        retryAfter: this.#rate.wait(),
      };
    }
    if (this.#count >= this.#max) {
      return {
        limit: 'connections',
        status: 503,
        reason: 'too many connections',
        retryAfter: RETRY_AFTER,
      };
    }
    const network =
      this.#perIp === Number.POSITIVE_INFINITY || address === undefined ? '' : networkOf(address);
    if (network !== '') {
      const already = this.#byNetwork.get(network) ?? 0;
      if (already >= this.#perIp) {
        return {
          limit: 'perIp',
          status: 429,
          reason: 'too many connections from this address',
          retryAfter: RETRY_AFTER,
        };
      }
      this.#byNetwork.set(network, already + 1);
    }
    this.#count++;
    return network;
  }

  /** A connection that was admitted has ended. */
  leave(network: string): void {
    this.#count--;
    if (network === '') return;
    const rest = (this.#byNetwork.get(network) ?? 1) - 1;
    if (rest === 0) this.#byNetwork.delete(network);
    else this.#byNetwork.set(network, rest);
  }
}
