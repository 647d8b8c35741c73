/**
 * Negotiates permessage-deflate (RFC 7692 §7.1), and names what a session needs to use it. The
 * compression itself is done by codecs that the session is given.
 */
import { type Extension, parseExtensions, serializeExtension } from './opening/extensions.ts';

const NAME = 'permessage-deflate';
const MAX_WINDOW_BITS = 15;

/** What one end wants of the compression. */
export interface DeflateSettings {
  /** Whether the server is to forget its history after each message. */
  readonly serverNoContextTakeover: boolean;
  /** Whether the client is to forget its history after each message. */
  readonly clientNoContextTakeover: boolean;
  /** Bits of the largest window that the server is to use, 8 to 15; `undefined` leaves it open. */
  readonly serverMaxWindowBits: number | undefined;
  /** Bits of the largest window that the client is to use, 8 to 15; `undefined` leaves it open. */
  readonly clientMaxWindowBits: number | undefined;
  /** Bytes from which on a message is compressed. */
  readonly threshold: number;
}

/** How one direction of a connection is compressed. */
export interface DeflateParameters {
  /** Whether each message stands on its own. */
  readonly noContextTakeover: boolean;
  /** Bits of the window, 8 to 15. */
  readonly windowBits: number;
}

/** What both ends agreed on. */
export interface DeflateAgreement {
  readonly server: DeflateParameters;
  readonly client: DeflateParameters;
  /** The element of the response's `Sec-WebSocket-Extensions`. */
  readonly extension: string;
}

/** Compresses the messages of one direction of one connection, in order. */
export interface Deflater {
  /**
   * Compresses a fragment, or all, of a message (RFC 7692 §7.2.1). The last one comes without the
   * empty block at its end. What is returned is valid until the next call.
   */
  deflate(bytes: Uint8Array, isFinal: boolean): Uint8Array;
  /** Gives back what it holds. */
  release(): void;
}

/** Decompresses the messages of one direction of one connection, in order. */
export interface Inflater {
  /** Takes the next compressed bytes; they are read by {@link read} until it has used them up. */
  push(bytes: Uint8Array, start: number, end: number): void;
  /**
   * Fills `bytes[start, end)` and returns how far it came: short of `end` when all is used up; -1 for
   * bad data, unless what comes before it fills all. In whatever pieces the input comes, the same is
   * read.
   */
  read(bytes: Uint8Array, start: number, end: number): number;
  /** Ends a message: what follows is the next one's. */
  endMessage(): void;
  /** Gives back what it holds. */
  release(): void;
}

/** The compression of a session: what it wants, and who does the work. */
export interface Compression {
  readonly settings: DeflateSettings;
  /** Makes who compresses what is sent. */
  createDeflater(parameters: DeflateParameters): Deflater;
  /** Makes who decompresses what comes. */
  createInflater(parameters: DeflateParameters): Inflater;
}

/** What is left of every message's end by the sender, and put back by the receiver (RFC 7692 §7.2.1, §7.2.2). */
export const EMPTY_BLOCK: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/** Writes the client's offer (RFC 7692 §7.1). */
export function serializeOffer(settings: DeflateSettings): string {
  const { clientMaxWindowBits, serverMaxWindowBits } = settings;
  const parameters: [string, string | undefined][] = [];
  if (settings.serverNoContextTakeover) parameters.push(['server_no_context_takeover', undefined]);
  if (settings.clientNoContextTakeover) parameters.push(['client_no_context_takeover', undefined]);
  if (serverMaxWindowBits !== undefined) {
    parameters.push(['server_max_window_bits', String(serverMaxWindowBits)]);
  }
  // Without it the server could not ask for a smaller window (§7.1.2.2).
  parameters.push([
    'client_max_window_bits',
    clientMaxWindowBits === undefined ? undefined : String(clientMaxWindowBits),
  ]);
  return serializeExtension({ name: NAME, parameters });
}

/** Reads the server's answer to the offer; a string says what is wrong with it. */
export function readAnswer(value: string, settings: DeflateSettings): DeflateAgreement | string {
  const extensions = parseExtensions(value);
  if (extensions === undefined) return 'the header is malformed (RFC 6455 §9.1)';
  const [extension, second] = extensions;
  if (extension === undefined) return 'the header is empty';
  if (extension.name !== NAME) return `the extension '${extension.name}' was not offered`;
  if (second !== undefined) return `it accepts a second extension, '${second.name}'`;
  const answer = readParameters(extension);
  if (typeof answer === 'string') return answer;
  if (answer.clientMaxWindowBits === true) {
    return "'client_max_window_bits' has no value (RFC 7692 §7.1.2.2)";
  }
  if (settings.serverNoContextTakeover && !answer.serverNoContextTakeover) {
    return "'server_no_context_takeover' was asked for and is missing (RFC 7692 §7.1.1.1)";
  }
  if ((answer.serverMaxWindowBits ?? MAX_WINDOW_BITS) > bitsOrMax(settings.serverMaxWindowBits)) {
    return `'server_max_window_bits' must be at most ${settings.serverMaxWindowBits} (RFC 7692 §7.1.2.1)`;
  }
  const maxClientBits = bitsOrMax(settings.clientMaxWindowBits);
  if ((answer.clientMaxWindowBits ?? 0) > maxClientBits) {
    return `'client_max_window_bits' must be at most ${maxClientBits} (RFC 7692 §7.1.2.2)`;
  }
  return {
    server: {
      noContextTakeover: answer.serverNoContextTakeover,
      windowBits: bitsOrMax(answer.serverMaxWindowBits),
    },
    client: {
      noContextTakeover: answer.clientNoContextTakeover || settings.clientNoContextTakeover,
      windowBits: Math.min(answer.clientMaxWindowBits ?? MAX_WINDOW_BITS, maxClientBits),
    },
    extension: value,
  };
}

/** Accepts the first of the client's offers that will do (RFC 7692 §7.1); `undefined` declines all. */
export function acceptOffer(
  offers: readonly Extension[],
  settings: DeflateSettings,
): DeflateAgreement | undefined {
  for (const offer of offers) {
    if (offer.name !== NAME) continue;
    const parameters = readParameters(offer);
    // §7.1: an offer that is wrong MUST be declined.
    const agreement = typeof parameters === 'string' ? undefined : agree(parameters, settings);
    if (agreement !== undefined) return agreement;
  }
  return undefined;
}

/** The parameters of an offer or an answer; `true` for a window size without a value. */
interface Parameters {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  serverMaxWindowBits: number | undefined;
  clientMaxWindowBits: number | true | undefined;
}

function agree(offer: Parameters, settings: DeflateSettings): DeflateAgreement | undefined {
  const { clientMaxWindowBits: offered } = offer;
  // §7.1.2.2: a window can be asked of those clients only that say so.
  if (settings.clientMaxWindowBits !== undefined && offered === undefined) return undefined;
  const server = {
    noContextTakeover: settings.serverNoContextTakeover || offer.serverNoContextTakeover,
    windowBits: Math.min(
      bitsOrMax(settings.serverMaxWindowBits),
      bitsOrMax(offer.serverMaxWindowBits),
    ),
  };
  const client = {
    noContextTakeover: settings.clientNoContextTakeover || offer.clientNoContextTakeover,
    windowBits: Math.min(bitsOrMax(settings.clientMaxWindowBits), bitsOrMax(offered)),
  };
  const parameters: [string, string | undefined][] = [];
  if (server.noContextTakeover) parameters.push(['server_no_context_takeover', undefined]);
  if (client.noContextTakeover) parameters.push(['client_no_context_takeover', undefined]);
  if (server.windowBits < MAX_WINDOW_BITS || offer.serverMaxWindowBits !== undefined) {
    parameters.push(['server_max_window_bits', String(server.windowBits)]);
  }
  if (client.windowBits < MAX_WINDOW_BITS) {
    parameters.push(['client_max_window_bits', String(client.windowBits)]);
  }
  return { server, client, extension: serializeExtension({ name: NAME, parameters }) };
}

/** Reads the parameters strictly (RFC 7692 §7.1): a string says which is wrong. */
function readParameters({ parameters }: Extension): Parameters | string {
  const read: Parameters = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  };
  const seen = new Set<string>();
  for (const [name, value] of parameters) {
    if (seen.has(name)) return `'${name}' is repeated`;
    seen.add(name);
    switch (name) {
      case 'server_no_context_takeover':
      case 'client_no_context_takeover':
        if (value !== undefined) return `'${name}' has a value`;
        if (name === 'server_no_context_takeover') read.serverNoContextTakeover = true;
        else read.clientNoContextTakeover = true;
        break;
      case 'server_max_window_bits':
      case 'client_max_window_bits': {
        const size = value === undefined ? undefined : parseWindowBits(value);
        if (name === 'client_max_window_bits') {
          if (value !== undefined && size === undefined) return wrongBits(name, value);
          read.clientMaxWindowBits = size ?? true;
        } else {
          if (size === undefined) return wrongBits(name, value);
          read.serverMaxWindowBits = size;
        }
        break;
      }
      default:
        return `the parameter '${name}' is unknown`;
    }
  }
  return read;
}

/** RFC 7692 §7.1.2: a decimal integer without leading zeroes, from 8 to 15. */
function parseWindowBits(value: string): number | undefined {
  return /^(?:[89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}

function wrongBits(name: string, value: string | undefined): string {
  return value === undefined
    ? `'${name}' has no value`
    : `'${name}' must be from 8 to 15, not '${value}' (RFC 7692 §7.1.2)`;
}

function bitsOrMax(value: number | true | undefined): number {
  return typeof value === 'number' ? value : MAX_WINDOW_BITS;
}
