/**
 * What `console.log` shows of our objects: what they are for a program, nothing of their inside, and no
 * secret. Node.js asks an object for it by a symbol that anybody can name.
 */

/** The method by which an object says what is shown of it. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/** In place of a secret. */
const HIDDEN = '<hidden>';
/** Names of headers and of a query's parameters whose values nobody else must read. */
const SECRET =
  /auth(?!enticate)|cookie|credential|key|passw|secret|session|signature|ticket|token/i;

/** Makes what is shown: an object of that class, with those of the facts that are known. */
export function shown(name: string, facts: object): object {
  // A class gets its name from where it is put: as text, which no minifier changes.
  const classes = { [name]: class {} };
  const object = new (classes[name] as new () => object)();
  return Object.assign(object, known(facts));
}

/** Leaves out the facts that are not known. */
export function known(facts: object): object {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** What is shown of a connection. */
export interface ShownConnection {
  readonly url: string;
  readonly state: string;
  readonly protocol: string;
  readonly bufferedAmount: number;
  readonly closeCode: number | undefined;
  readonly closeReason: string | undefined;
}

/** Makes what is shown of a connection; those of a server have more to be told apart by. */
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

/** Hides credentials in a URL, and the values of parameters in its query that are secrets by their names. */
export function withoutSecrets(url: string): string {
  const anonymous = url.replace(/\/\/[^/?#@]*@/g, '//');
  return anonymous.replace(/([?&][^?=&#]*=)[^&#]*/g, (pair, name: string) =>
    SECRET.test(name) ? name + HIDDEN : pair,
  );
}

/** Hides the values of headers that are secrets by their names, and what is one in a URL. */
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

/** Hides subprotocols where one of them says that it or the next one is a token: browsers can send no other header. */
export function protocolsWithoutSecrets(protocols: readonly string[]): readonly string[] | string {
  return protocols.some((protocol) => SECRET.test(protocol)) ? HIDDEN : protocols;
}
