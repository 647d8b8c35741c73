/**
 * The addresses that came with headers of the PROXY protocol, by the socket that they came over.
 */

/** The client's end of a connection that came through a proxy. */
export interface ProxiedAddress {
  readonly remoteAddress: string;
  readonly remotePort: number;
}

const addresses = new WeakMap<object, ProxiedAddress>();

/** Notes the address of the client behind a socket. */
export function setProxiedAddress(socket: object, address: ProxiedAddress): void {
  addresses.set(socket, address);
}

/** Returns the address of the client behind a socket, if a proxy has named it. */
export function proxiedAddress(socket: object): ProxiedAddress | undefined {
  // Over TLS the header came over the socket underneath.
  const { _parent: underneath = socket } = socket as { readonly _parent?: object };
  return addresses.get(socket) ?? addresses.get(underneath);
}
