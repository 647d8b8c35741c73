/**
 * What `console.log` shows of connections, servers, requests and errors: their public facts, and no secrets. Node.js
 * calls a method for that, whose symbol needs no import.
 */

/** The name of the method that Node.js calls to show an object. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/** Shown instead of a secret. */
const HIDDEN = '<hidden>';
/** Headers and parameters of a query with such names have secret values. */
const SECRET =
  /auth(?!enticate)|cookie|credential|key|passw|secret|session|signature|ticket|token/i;

/** Makes an object to show, with this class name and the facts that are known. */
export function shown(name: string, facts: object): object {
  // The key names the class. It is text, which a minifier does not change.
  const classes = { [name]: class {} };
  const object = new (classes[name] as new () => object)();
  return Object.assign(object, known(facts));
}

/** Returns the facts without those that are `undefined`. */
export function known(facts: object): object {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** The facts that are shown of a connection. */
export interface ShownConnection {
  readonly url: string;
  readonly state: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  readonly closeCode: number | undefined;
  readonly closeReason: string | undefined;
}

/** Makes an object to show a connection, with `more` facts after the URL. */
export function shownConnection(
  name: string,
  { url, state, protocol, bufferedAmount, closeCode, closeReason }: ShownConnection,
  more: object = {},
): object {
  return shown(name, {
    url: withoutSecrets(url),
    ...more,
    state,
    protocol,
    bufferedAmount,
    closeCode,
    closeReason,
  });
}

/** Hides credentials in a URL, and the values of parameters with secret names. */
export function withoutSecrets(url: string): string {
  const anonymous = url.replace(/\/\/[^/?#@]*@/g, '//');
  return anonymous.replace(/([?&][^?=&#]*=)[^&#]*/g, (pair, name: string) =>
    SECRET.test(name) ? name + HIDDEN : pair,
  );
}

/** Hides the values of headers with secret names, and secrets in URLs in other values. */
export function headersWithoutSecrets(
  headers: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const isSecret = (name: string, value: string): boolean =>
    SECRET.test(name) || (name === 'sec-websocket-protocol' && SECRET.test(value));
  return new Map(
    [...headers].map(([name, value]) => [
      name,
      isSecret(name, value) ? HIDDEN : withoutSecrets(value),
    ]),
  );
}

/** Hides all subprotocols if one of them has a secret name: browsers send tokens there, since they can set no header. */
export function protocolsWithoutSecrets(protocols: readonly string[]): readonly string[] | string {
  return protocols.some((protocol) => SECRET.test(protocol)) ? HIDDEN : protocols;
}
