/**
 * The answers of a server's request hook, and their checks.
 */
import type { UpgradeRequest } from '../connection/upgrade-request.ts';
import { describe, type HeadersInput, headerPairs } from '../options/options.ts';
import type { UpgradeRequest as RequestHead, UpgradeRefusal } from '../protocol/opening/server.ts';

/** Refuses the request with an HTTP status. */
export interface Refusal {
  /** From 300 to 599. */
  readonly status: number;
  /** Headers of the answer. Default none. */
  readonly headers?: HeadersInput | undefined;
  /** The body. Default the status and its meaning. */
  readonly body?: string | undefined;
}

/** Accepts the request. */
export interface Acceptance<T> {
  /** The subprotocol chosen, among those the client offers. Default the first of `protocols` that it offers. */
  readonly protocol?: string | undefined;
  /** Headers added to the answer. Default none. */
  readonly headers?: HeadersInput | undefined;
  /** Becomes `data` of the connection. Default `undefined`. */
  readonly data?: T | undefined;
  readonly status?: undefined;
}

/** The answer of a request hook. `undefined` accepts the request. */
export type RequestDecision<T> = Refusal | Acceptance<T> | undefined;

/** Decides on a request to upgrade, at once or later. */
export type RequestHook<T> = (
  request: UpgradeRequest,
) => RequestDecision<T> | Promise<RequestDecision<T>>;

const NAMES: readonly string[] = ['status', 'headers', 'body', 'protocol', 'data'] satisfies (
  | keyof Refusal
  | keyof Acceptance<unknown>
)[];

/** A decision that was checked. */
export type CheckedDecision<T> =
  | { readonly refusal: UpgradeRefusal }
  | {
      readonly refusal: undefined;
      readonly protocol: string;
      readonly headers: readonly (readonly [string, string])[];
      readonly data: T | undefined;
    };

/**
 * Checks a decision and fills in the defaults.
 *
 * @param supported the subprotocols of the server, best first
 * @throws TypeError, RangeError for a decision that cannot be carried out
 */
export function checkDecision<T>(
  decision: RequestDecision<T>,
  request: RequestHead,
  supported: readonly string[],
): CheckedDecision<T> {
  if (decision !== undefined && (decision === null || typeof decision !== 'object')) {
    throw new TypeError(
      `the request hook must return an object or nothing, not ${describe(decision)}; { status: 401 } refuses, and { data } goes with the connection`,
    );
  }
  // A refusal with a mistyped `status` would accept the request.
  const unknown = Object.keys(decision ?? {}).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(
      `the request hook returned an object with the unknown '${unknown}'; there are ${NAMES.join(', ')}; what belongs to the connection goes into 'data'`,
    );
  }
  const headers =
    decision?.headers === undefined ? [] : headerPairs('request: headers', decision.headers);
  if (decision?.status !== undefined) {
    const { status, body } = decision;
    if (!Number.isInteger(status) || status < 300 || status > 599) {
      throw new RangeError(
        `the request hook: the status of a refusal must be from 300 to 599, not ${status}`,
      );
    }
    if (body !== undefined && typeof body !== 'string') {
      throw new TypeError(
        `the request hook: the body of a refusal must be a string, not ${describe(body)}`,
      );
    }
    return { refusal: { status, headers, body } };
  }
  const { protocol, data } = (decision ?? {}) as Acceptance<T>;
  if (protocol !== undefined && protocol !== '' && !request.protocols.includes(protocol)) {
    // RFC 6455 §4.2.2: "The value chosen MUST be derived from the client's handshake".
    throw new TypeError(
      `the request hook chose the subprotocol '${protocol}', which the client does not offer`,
    );
  }
  const chosen = protocol ?? supported.find((name) => request.protocols.includes(name)) ?? '';
  return { refusal: undefined, protocol: chosen, headers, data };
}
