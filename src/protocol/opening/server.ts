/**
 * The server's side of the opening handshake (RFC 6455 §4.2).
 */
import { HandshakeError } from '../../errors.ts';
import { isToken, TOKEN_CHARACTER } from '../../http-token.ts';
import {
  headersWithoutSecrets,
  INSPECT,
  protocolsWithoutSecrets,
  shown,
  withoutSecrets,
} from '../../inspection.ts';
import { encodeText, type Kernels } from '../../kernels/kernels.ts';
import { acceptOffer, type DeflateSettings } from '../permessage-deflate.ts';
import type { OpeningAgreement } from './client.ts';
import { type Extension, parseExtensions } from './extensions.ts';
import {
  HeadCollector,
  type HeadError,
  type HeaderMap,
  type HttpHead,
  headText,
  parseHead,
  parseHeadText,
  parseList,
  rawHeaders,
  type StartLine,
  serializeHead,
} from './head.ts';
import { acceptKey, isValidKey, type Sha1Base64 } from './key.ts';
import { parseRequestTarget } from './request-target.ts';

/** A client's request to upgrade, which has been checked. */
export interface UpgradeRequest {
  /** `GET`: no other request upgrades (RFC 6455 §4.2.1). */
  readonly method: string;
  /** Path and query as the client sent them, also if it sent an absolute URI. */
  readonly target: string;
  /** The `Host` header. If the client sent an absolute URI, the host of that instead (RFC 9112 §3.2.2). */
  readonly host: string;
  readonly origin: string | undefined;
  /** Subprotocols offered, best first. */
  readonly protocols: readonly string[];
  readonly headers: HeaderMap;
  /** Names and values of the headers in turn, as they were sent: none are joined, and no name is changed. */
  readonly rawHeaders: readonly string[];
}

/** Makes what `console.log` shows of a request. The entries of `more` are shown too. */
export function shownRequest(request: UpgradeRequest, more: object = {}): object {
  const { method, target, host, origin, protocols, headers } = request;
  return shown('UpgradeRequest', {
    method,
    target: withoutSecrets(target),
    host,
    origin,
    protocols: protocolsWithoutSecrets(protocols),
    ...more,
    headers: headersWithoutSecrets(headers),
  });
}

/** A request that parses its head on demand, because it lives as long as its connection. */
class ParsedRequest implements UpgradeRequest {
  readonly #head: string;
  #headers: HeaderMap | undefined;

  /** @param head the text of a head that was checked */
  constructor(head: string) {
    this.#head = head;
  }

  get method(): string {
    return 'GET';
  }

  get target(): string {
    // The host makes no difference to the target, and the headers need not be parsed for it.
    return parseRequestTarget(this.#rawTarget, 'host')?.target as string;
  }

  get host(): string {
    return parseRequestTarget(this.#rawTarget, this.headers.get('host'))?.host as string;
  }

  get origin(): string | undefined {
    return this.headers.get('origin');
  }

  get protocols(): readonly string[] {
    return parseList(this.headers.get('sec-websocket-protocol'));
  }

  get headers(): HeaderMap {
    this.#headers ??= parseHeadText(this.#head).headers;
    return this.#headers;
  }

  get rawHeaders(): readonly string[] {
    return rawHeaders(this.#head);
  }

  /** @internal */
  [INSPECT](): object {
    return shownRequest(this);
  }

  get #rawTarget(): string {
    // RFC 9112 §3: method, target and version are separated by single spaces.
    return this.#head.slice(this.#head.indexOf(' ') + 1, this.#head.indexOf(' HTTP/'));
  }
}

/** A request whose head an HTTP server has read. */
export interface ReceivedRequest {
  readonly method: string;
  /** The target of the request line, as it was sent. */
  readonly target: string;
  /** Such as `1.1`. */
  readonly httpVersion: string;
  /** Names and values of the headers in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
}

/** A GET or HEAD request that does not ask for an upgrade: a browser, or a health check. */
export interface PageRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderMap;
}

/** Answers requests that do not ask for an upgrade; `undefined` leaves the answer to the core, which is 426. */
export type PageAnswer = (request: PageRequest) => UpgradeRefusal | undefined;

/** An answer that refuses the upgrade. */
export interface UpgradeRefusal {
  /** An HTTP status from 300 to 599; for a request that asks for no upgrade also 200. */
  readonly status: number;
  /** Further headers of the answer. Default none. */
  readonly headers?: Iterable<readonly [string, string]> | undefined;
  /** The body, sent as plain text unless `headers` have a `Content-Type`. Default the status and its reason. */
  readonly body?: string | undefined;
  /** Whether only the head of the answer is sent, since the request was HEAD. Default `false`. */
  readonly isHeadOnly?: boolean | undefined;
}

/** Reason phrases of the statuses that an answer may have. */
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Found',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

// No known method is longer than 24 characters.
const METHOD_BEGINNING = new RegExp(`^${TOKEN_CHARACTER}{1,24}(?: |$)`);
// RFC 9112 §3: a method, a target without white space, and a version.
const REQUEST_LINE: StartLine = {
  mayBegin: (text) => METHOD_BEGINNING.test(text),
  pattern: new RegExp(`^(${TOKEN_CHARACTER}+) ([\\x21-\\x7e]+) HTTP/([0-9])\\.([0-9])$`),
  explain: () => 'the request line is not valid',
};

/** Reads the request, then makes the response that accepts it. */
export class ServerOpening {
  readonly #collector = new HeadCollector(REQUEST_LINE);
  readonly #sha1: Sha1Base64;
  readonly #deflate: DeflateSettings | undefined;
  readonly #page: PageAnswer | undefined;
  #asksUpgrade = true;
  #key = '';
  #head = '';
  #extensions: readonly Extension[] = [];
  /** The request, once it has arrived and is right. */
  request: UpgradeRequest | undefined;
  /** The answer to a wrong request, and the error that says what is wrong. */
  refusal:
    | {
        readonly answer: UpgradeRefusal;
        readonly error: HandshakeError;
        /** Whether the client asked for an upgrade, as far as its request could be read. */
        readonly isOfUpgrade: boolean;
      }
    | undefined;

  /** @param deflate the compression to accept; `undefined` accepts none */
  constructor(sha1: Sha1Base64, deflate?: DeflateSettings, page?: PageAnswer) {
    this.#sha1 = sha1;
    this.#deflate = deflate;
    this.#page = page;
  }

  /** Whether nothing of a request has come. */
  get isEmpty(): boolean {
    return this.#collector.isEmpty && this.request === undefined;
  }

  /**
   * Reads from `bytes[start, end)` and returns the offset of the first byte that was not read. Nothing
   * after the request's head is read.
   */
  receive(bytes: Uint8Array, start: number, end: number): number {
    try {
      const next = this.#collector.push(bytes, start, end);
      if (this.#collector.isComplete) this.#readRequest(parseHead(this.#collector.bytes));
      return next;
    } catch (error) {
      this.#refuseHead(error as HeadError);
      return end;
    }
  }

  /** Takes a request whose head somebody else has read. It is checked like one that comes as bytes. */
  take(request: ReceivedRequest): void {
    try {
      this.#readRequest(parseHeadText(headText(request, REQUEST_LINE)));
    } catch (error) {
      this.#refuseHead(error as HeadError);
    }
  }

  /** Makes the error for a connection that ended before the handshake was done. */
  receiveEof(): HandshakeError {
    if (this.request !== undefined) {
      return new HandshakeError('the client closed the connection before its request was answered');
    }
    return new HandshakeError(
      this.#collector.isEmpty
        ? 'the client closed the connection without a request'
        : 'the client closed the connection in the middle of its request',
    );
  }

  /** Makes the response that accepts the request, and says what both ends agreed on. */
  accept(
    protocol: string,
    headers: readonly (readonly [string, string])[],
  ): { response: Uint8Array; agreement: OpeningAgreement } {
    const lines: (readonly [string, string])[] = [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', acceptKey(this.#key, this.#sha1)],
    ];
    if (protocol !== '') lines.push(['Sec-WebSocket-Protocol', protocol]);
    const deflate =
      this.#deflate === undefined ? undefined : acceptOffer(this.#extensions, this.#deflate);
    if (deflate !== undefined) lines.push(['Sec-WebSocket-Extensions', deflate.extension]);
    return {
      response: serializeHead('HTTP/1.1 101 Switching Protocols', lines.concat(headers)),
      agreement: {
        protocol,
        extensions: deflate?.extension ?? '',
        deflate,
        head: this.#head,
      },
    };
  }

  /** Checks a request by the items of RFC 6455 §4.2.1. */
  #readRequest({ startLine, headers, text }: HttpHead): void {
    const match = REQUEST_LINE.pattern.exec(startLine) as RegExpExecArray;
    const [, method, target = '', major, minor] = match;
    // Item 1: "An HTTP/1.1 or higher GET request".
    if (major !== '1' || minor === '0') {
      return this.#refuse(505, 'a WebSocket handshake needs HTTP/1.1');
    }
    const asksUpgrade =
      hasItem(headers, 'upgrade', 'websocket') && hasItem(headers, 'connection', 'upgrade');
    this.#asksUpgrade = asksUpgrade;
    const isHead = method === 'HEAD';
    if (!asksUpgrade && (method === 'GET' || isHead)) {
      const page = this.#page?.({ method, target, headers });
      if (page !== undefined) return this.#answerPage({ ...page, isHeadOnly: isHead });
    }
    if (method !== 'GET') {
      // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405 response".
      return this.#refuse(405, 'a WebSocket handshake is a GET request', [['Allow', 'GET']]);
    }
    // A proxy might take the bytes of a body for a request where this server takes them for frames, or
    // the other way round.
    if (headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0') {
      return this.#refuse(400, 'a WebSocket handshake has no body');
    }
    // Item 3: an "|Upgrade| header field containing the value "websocket"". Item 4: a "|Connection|
    // header field that includes the token "Upgrade"".
    if (!asksUpgrade) {
      // RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response".
      return this.#refuse(426, 'this is a WebSocket server: connect with ws: or wss:', [
        ['Upgrade', 'websocket'],
      ]);
    }
    // RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request
    // message that lacks a Host header field".
    if (parseRequestTarget(target, headers.get('host')) === undefined) {
      return this.#refuse(400, "the request's target or its 'Host' header is missing or wrong");
    }
    if (headers.get('sec-websocket-version') !== '13') {
      // RFC 6455 §4.4: "it MUST respond with a |Sec-WebSocket-Version| header field [...] containing all
      // versions it is willing to use."
      return this.#refuse(426, 'this server supports only version 13 of the WebSocket protocol', [
        ['Sec-WebSocket-Version', '13'],
      ]);
    }
    // Item 5: a key "that, when decoded, is 16 bytes in length."
    const key = headers.get('sec-websocket-key');
    if (key === undefined || !isValidKey(key)) {
      return this.#refuse(400, "the 'Sec-WebSocket-Key' header is missing or wrong");
    }
    const protocols = parseList(headers.get('sec-websocket-protocol'));
    if (!protocols.every((protocol) => isToken(protocol))) {
      return this.#refuse(400, "the 'Sec-WebSocket-Protocol' header is wrong");
    }
    // RFC 6455 §9.1: "the recipient of such malformed data MUST immediately _Fail the WebSocket Connection_."
    const extensions = parseExtensions(headers.get('sec-websocket-extensions') ?? '');
    if (extensions === undefined) {
      return this.#refuse(400, "the 'Sec-WebSocket-Extensions' header is wrong");
    }
    this.#key = key;
    this.#extensions = extensions;
    this.#head = text;
    this.request = new ParsedRequest(text);
  }

  #refuseHead({ message, isTooLarge }: HeadError): void {
    this.#refuse(isTooLarge ? 431 : 400, message);
  }

  #answerPage(answer: UpgradeRefusal): void {
    const error = new HandshakeError(
      `the client asked for no upgrade, and was answered with ${answer.status}`,
    );
    this.refusal = { answer, error, isOfUpgrade: false };
  }

  #refuse(status: number, message: string, headers: readonly [string, string][] = []): void {
    this.refusal = {
      answer: { status, headers, body: `${message}\n` },
      error: new HandshakeError(`the client's request was refused with ${status}: ${message}`),
      isOfUpgrade: this.#asksUpgrade,
    };
  }
}

/** Makes a response that refuses the upgrade and announces the end of the connection. */
export function serializeRefusal(answer: UpgradeRefusal, kernels: Kernels): Uint8Array {
  const { status } = answer;
  const reason = REASONS[status] ?? 'Refused';
  const body = encodeText(kernels, answer.body ?? `${status} ${reason}\n`);
  const headers = [...(answer.headers ?? [])];
  if (!headers.some(([name]) => name.toLowerCase() === 'content-type')) {
    headers.push(['Content-Type', 'text/plain; charset=utf-8']);
  }
  headers.push(['Content-Length', String(body.length)], ['Connection', 'close']);
  const head = serializeHead(`HTTP/1.1 ${status} ${reason}`, headers);
  if (answer.isHeadOnly) return head;
  const response = new Uint8Array(head.length + body.length);
  response.set(head);
  response.set(body, head.length);
  return response;
}

function hasItem(headers: HeaderMap, name: string, item: string): boolean {
  const value = headers.get(name)?.toLowerCase();
  return value === item || parseList(value).includes(item);
}
