/**
 * The client's side of the opening handshake (RFC 6455 §4.1).
 */
import {
  HandshakeError,
  type HandshakeRefusal,
  HandshakeStatusError,
  InvalidHeaderError,
  NegotiationError,
} from '../../errors.ts';
import {
  type DeflateAgreement,
  type DeflateSettings,
  readAnswer,
  serializeOffer,
} from '../permessage-deflate.ts';
import {
  HeadCollector,
  HeadError,
  type HeaderMap,
  type HttpHead,
  parseHead,
  parseList,
  type StartLine,
  serializeHead,
} from './head.ts';
import { acceptKey, type Sha1Base64, serializeKey } from './key.ts';
import { ResponseBody } from './response-body.ts';

/** What a client asks for. The caller must have checked every field. */
export interface UpgradeRequestOptions {
  /** The value of the `Host` header. */
  readonly host: string;
  /** Path and query. */
  readonly target: string;
  /** Subprotocols offered, best first. */
  readonly protocols: readonly string[];
  /** Further headers. A `Host` among them replaces the one above. */
  readonly headers: readonly (readonly [string, string])[];
}

/** The result of an opening handshake; `undefined` until it is done. */
export type OpeningResult = OpeningAgreement | HandshakeError | undefined;

/** What both ends have agreed on. */
export interface OpeningAgreement {
  /** The subprotocol, or the empty string. */
  readonly protocol: string;
  /** The value of the response's `Sec-WebSocket-Extensions`, or the empty string. */
  readonly extensions: string;
  /** How messages are compressed; `undefined` if they are not. */
  readonly deflate: DeflateAgreement | undefined;
  /** The head of the peer's request or response. */
  readonly head: string;
}

/** Most interim responses before the final one. */
const MAX_INTERIM_RESPONSES = 8;
// RFC 9112 §4. The reason may be empty. An old server or proxy may refuse with an HTTP/1.0 response.
const STATUS_LINE: StartLine = {
  mayBegin: (text) => 'HTTP/1.'.startsWith(text.slice(0, 7)),
  pattern: /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/,
  explain: (text) =>
    TLS_RECORD_TYPES.includes(text.charCodeAt(0))
      ? 'it is TLS; is it a wss: URL?'
      : `it begins with ${quote(text)}`,
};
/**
 * The first bytes of a TLS alert and of a TLS handshake message (RFC 8446 §5.1). A TLS server answers a
 * request that is not encrypted with one of these.
 */
const TLS_RECORD_TYPES: readonly number[] = [0x15, 0x16];
/** Most characters that an error quotes of a response that is not HTTP. */
const MAX_QUOTED = 80;

/** Makes the request, then reads the response. */
export class ClientOpening {
  /** The request, to be sent first. */
  readonly request: Uint8Array;
  readonly #options: UpgradeRequestOptions;
  readonly #deflate: DeflateSettings | undefined;
  readonly #accept: string;
  #head = new HeadCollector(STATUS_LINE);
  /** How many interim responses have arrived. */
  #interim = 0;
  /** The body of a refusal, while it arrives. */
  #body: ResponseBody | undefined;
  #refusal: Omit<HandshakeRefusal, 'body'> | undefined;

  /**
   * @param nonce sixteen random bytes
   * @param deflate the compression to offer; `undefined` offers none
   */
  constructor(
    options: UpgradeRequestOptions,
    nonce: Uint8Array,
    sha1: Sha1Base64,
    deflate?: DeflateSettings,
  ) {
    this.#options = options;
    this.#deflate = deflate;
    const key = serializeKey(nonce);
    this.#accept = acceptKey(key, sha1);
    this.request = serializeRequest(options, key, deflate);
  }

  /** The result, once the handshake is done. */
  result: OpeningResult;

  /** Whether the server has refused the upgrade, and the body of its response has not ended. */
  get isRefused(): boolean {
    return this.#body !== undefined;
  }

  /** Reads from `bytes[start, end)` and returns the offset of the first byte that was not read. */
  receive(bytes: Uint8Array, start: number, end: number): number {
    let next = start;
    while (next < end && this.result === undefined) {
      if (this.#body === undefined) {
        next = this.#receiveHead(bytes, next, end);
      } else {
        next = this.#body.push(bytes, next, end);
        if (this.#body.isComplete) this.#refuse();
      }
    }
    return next;
  }

  /** The connection ended before the handshake was done. */
  receiveEof(): void {
    if (this.#body !== undefined) {
      this.#refuse();
    } else {
      this.result = new HandshakeError(
        this.#head.isEmpty
          ? 'the server closed the connection without answering the upgrade'
          : 'the server closed the connection in the middle of its response',
      );
    }
  }

  #receiveHead(bytes: Uint8Array, start: number, end: number): number {
    try {
      const next = this.#head.push(bytes, start, end);
      if (this.#head.isComplete) this.#readResponse(parseHead(this.#head.bytes));
      return next;
    } catch (error) {
      // Nothing but a `HeadError` is thrown above.
      const { message, header } = error as HeadError;
      const text = `the server's response is not valid HTTP: ${message}`;
      this.result =
        header === undefined ? new HandshakeError(text) : new InvalidHeaderError(header, text);
      return end;
    }
  }

  #readResponse({ startLine, headers, text }: HttpHead): void {
    const match = STATUS_LINE.pattern.exec(startLine) as RegExpExecArray;
    const [, minor, code, statusText = ''] = match;
    const status = Number(code);
    if (status === 101) {
      if (minor === '0') throw new HeadError('it switches protocols, which HTTP/1.0 cannot do');
      this.result = this.#checkUpgrade(headers, text);
    } else if (status < 200 && this.#interim++ < MAX_INTERIM_RESPONSES) {
      // RFC 9110 §15.2: "A client MUST be able to parse one or more 1xx responses received prior to a
      // final response".
      this.#head = new HeadCollector(STATUS_LINE);
    } else {
      this.#refusal = { status, statusText, headers };
      this.#body = new ResponseBody(status, headers);
      if (this.#body.isComplete) this.#refuse();
    }
  }

  /** Checks a 101 response by the items of RFC 6455 §4.1: "The client MUST validate the server's response". */
  #checkUpgrade(headers: HeaderMap, head: string): OpeningAgreement | HandshakeError {
    // Item 2: "an ASCII case-insensitive match for the value "websocket"".
    if (headers.get('upgrade')?.toLowerCase() !== 'websocket') {
      return invalidHeader('upgrade', "must be 'websocket'", headers);
    }
    // Item 3: "a token that is an ASCII case-insensitive match for the value "Upgrade"".
    if (!parseList(headers.get('connection')).some((item) => item.toLowerCase() === 'upgrade')) {
      return invalidHeader('connection', "must contain 'upgrade'", headers);
    }
    // Item 4: "the base64-encoded SHA-1 of the concatenation of the |Sec-WebSocket-Key|" with a fixed string.
    if (headers.get('sec-websocket-accept') !== this.#accept) {
      return invalidHeader('sec-websocket-accept', 'does not match the key that was sent', headers);
    }
    // Item 5: the response must not use "an extension that was not present in the client's handshake".
    const extensions = headers.get('sec-websocket-extensions');
    const deflate = extensions === undefined ? undefined : this.#readExtensions(extensions);
    if (deflate instanceof NegotiationError) return deflate;
    // Item 6: nor "a subprotocol that was not present in the client's handshake".
    const protocol = headers.get('sec-websocket-protocol');
    if (protocol !== undefined && !this.#options.protocols.includes(protocol)) {
      return new NegotiationError(
        `the server chose the subprotocol '${protocol}', which was not offered (offered: ${this.#options.protocols.join(', ') || 'none'})`,
      );
    }
    return { protocol: protocol ?? '', extensions: extensions ?? '', deflate, head };
  }

  /** RFC 6455 §9: "A server MUST NOT respond with any extension not requested by the client." */
  #readExtensions(value: string): DeflateAgreement | NegotiationError {
    if (this.#deflate === undefined) {
      return new NegotiationError(
        `the server uses the extension '${value}', but none was offered (RFC 6455 §9)`,
      );
    }
    const answer = readAnswer(value, this.#deflate);
    if (typeof answer !== 'string') return answer;
    return new NegotiationError(
      `the server's 'sec-websocket-extensions' header is wrong: ${answer}`,
    );
  }

  #refuse(): void {
    const refusal = this.#refusal as Omit<HandshakeRefusal, 'body'>;
    const { status, statusText } = refusal;
    this.result = new HandshakeStatusError(
      `the server answered ${status}${statusText && ` ${statusText}`} instead of switching to WebSocket`,
      { ...refusal, body: (this.#body as ResponseBody).bytes },
    );
  }
}

/** Quotes text that may hold anything. Control characters are escaped, so that none reaches a terminal. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, MAX_QUOTED)).replace(
    /[\x7f-\x9f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

function invalidHeader(header: string, what: string, headers: HeaderMap): InvalidHeaderError {
  const value = headers.get(header);
  const found = value === undefined ? 'it is missing' : `it is '${value}'`;
  return new InvalidHeaderError(
    header,
    `the server's '${header}' header ${what}: ${found} (RFC 6455 §4.1)`,
  );
}

function serializeRequest(
  options: UpgradeRequestOptions,
  key: string,
  deflate: DeflateSettings | undefined,
): Uint8Array {
  const headers: (readonly [string, string])[] = [];
  if (!options.headers.some(([name]) => name.toLowerCase() === 'host')) {
    headers.push(['Host', options.host]);
  }
  headers.push(
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
  );
  if (options.protocols.length > 0) {
    headers.push(['Sec-WebSocket-Protocol', options.protocols.join(', ')]);
  }
  if (deflate !== undefined) headers.push(['Sec-WebSocket-Extensions', serializeOffer(deflate)]);
  return serializeHead(`GET ${options.target} HTTP/1.1`, headers.concat(options.headers));
}
