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

/** What a client asks for. The caller has checked every field. */
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

/** What came of an opening handshake: `undefined` while it is under way. */
export type OpeningResult = OpeningAgreement | HandshakeError | undefined;

/** What both ends have agreed on. */
export interface OpeningAgreement {
  readonly protocol: string;
  /** The element of `Sec-WebSocket-Extensions`, or the empty string. */
  readonly extensions: string;
  /** How messages are compressed, if they are. */
  readonly deflate: DeflateAgreement | undefined;
  /** The head of the other end's request or response. */
  readonly head: string;
}

/** Interim responses that may come before the final one. */
const MAX_INTERIM_RESPONSES = 8;
// RFC 9112 §4. The reason may be empty; an old server or proxy refuses in the words of HTTP/1.0.
const STATUS_LINE: StartLine = {
  mayBegin: (text) => 'HTTP/1.'.startsWith(text.slice(0, 7)),
  pattern: /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/,
  explain: (text) =>
    TLS_RECORD_TYPES.includes(text.charCodeAt(0))
      ? 'it is TLS; is it a wss: URL?'
      : `it begins with ${quote(text)}`,
};
/** How an alert and a handshake message of TLS begin (RFC 8446 §5.1), with which a server answers what is none. */
const TLS_RECORD_TYPES: readonly number[] = [0x15, 0x16];
/** Characters of what is no HTTP that an error quotes. */
const MAX_QUOTED = 80;

/** Writes the request, then reads the response. */
export class ClientOpening {
  readonly request: Uint8Array;
  readonly #options: UpgradeRequestOptions;
  readonly #deflate: DeflateSettings | undefined;
  readonly #accept: string;
  #head = new HeadCollector(STATUS_LINE);
  #interim = 0;
  /** The body of a refusal, while it arrives. */
  #body: ResponseBody | undefined;
  #refusal: Omit<HandshakeRefusal, 'body'> | undefined;

  /**
   * @param nonce sixteen random bytes
   * @param deflate what to offer of compression; nothing for none
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

  result: OpeningResult;

  /** Whether the server has refused, and the body of its refusal is still to come. */
  get isRefused(): boolean {
    return this.#body !== undefined;
  }

  /** Reads from `bytes[start, end)` and returns how far it came. */
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

  /** The connection ended before the handshake did. */
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
      // Only what this handshake says itself is thrown in there.
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
      // RFC 9110 §15.2: a client must be able to take interim responses it did not expect.
      this.#head = new HeadCollector(STATUS_LINE);
    } else {
      this.#refusal = { status, statusText, headers };
      this.#body = new ResponseBody(status, headers);
      if (this.#body.isComplete) this.#refuse();
    }
  }

  /** Checks a 101 response, item by item of RFC 6455 §4.1's second list. */
  #checkUpgrade(headers: HeaderMap, head: string): OpeningAgreement | HandshakeError {
    if (headers.get('upgrade')?.toLowerCase() !== 'websocket') {
      return invalidHeader('upgrade', "must be 'websocket'", headers);
    }
    if (!parseList(headers.get('connection')).some((item) => item.toLowerCase() === 'upgrade')) {
      return invalidHeader('connection', "must contain 'upgrade'", headers);
    }
    if (headers.get('sec-websocket-accept') !== this.#accept) {
      return invalidHeader('sec-websocket-accept', 'does not match the key that was sent', headers);
    }
    const extensions = headers.get('sec-websocket-extensions');
    const deflate = extensions === undefined ? undefined : this.#readExtensions(extensions);
    if (deflate instanceof NegotiationError) return deflate;
    const protocol = headers.get('sec-websocket-protocol');
    if (protocol !== undefined && !this.#options.protocols.includes(protocol)) {
      return new NegotiationError(
        `the server chose the subprotocol '${protocol}', which was not offered (offered: ${this.#options.protocols.join(', ') || 'none'})`,
      );
    }
    return { protocol: protocol ?? '', extensions: extensions ?? '', deflate, head };
  }

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

/** Quotes what may be anything: no control character of it reaches a terminal. */
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
