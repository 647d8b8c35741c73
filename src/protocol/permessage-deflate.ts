/**
 * Negotiates permessage-deflate (RFC 7692 §7), and says what a session needs to use it. The session
 * is given codecs that do the compression itself.
 */
import { type Extension, parseExtensions, serializeExtension } from './opening/extensions.ts';

const NAME = 'permessage-deflate';
const MAX_WINDOW_BITS = 15;

/** What one end asks for in the negotiation. */
export interface DeflateSettings {
  /** Whether the server has to forget its history after each message. */
  readonly serverNoContextTakeover: boolean;
  /** Whether the client has to forget its history after each message. */
  readonly clientNoContextTakeover: boolean;
  /** Bits of the largest window that the server may use, 8 to 15; `undefined` sets no limit. */
  readonly serverMaxWindowBits: number | undefined;
  /** Bits of the largest window that the client may use, 8 to 15; `undefined` sets no limit. */
  readonly clientMaxWindowBits: number | undefined;
  /** A message is compressed if it has at least this many bytes. */
  readonly threshold: number;
}

/** How one direction of a connection is compressed. */
export interface DeflateParameters {
  /** Whether each message is compressed without the history of those before it. */
  readonly noContextTakeover: boolean;
  /** Bits of the sliding window, 8 to 15. */
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
   * Compresses a message, or a fragment of one (RFC 7692 §7.2.1). A final fragment is returned without
   * the empty block at its end. The result is valid until the next call.
   */
  deflate(bytes: Uint8Array, isFinal: boolean): Uint8Array;
  /** Gives back the memory that it holds. */
  release(): void;
}

/** Decompresses the messages of one direction of one connection, in order. */
export interface Inflater {
  /** Takes the next compressed bytes. They must stay unchanged until {@link read} has used them up. */
  push(bytes: Uint8Array, start: number, end: number): void;
  /**
   * Inflates into `bytes[start, end)` and returns where the written bytes end. If that is before `end`,
   * the input is used up. Returns -1 if the input is wrong; but if the bytes before the fault fill the
   * space, they are returned first. It makes no difference in which pieces the input was pushed.
   */
  read(bytes: Uint8Array, start: number, end: number): number;
  /** Ends a message. Later input belongs to the next one. */
  endMessage(): void;
  /** Gives back the memory that it holds. */
  release(): void;
}

/** The compression of a session: what it asks for in the negotiation, and its codecs. */
export interface Compression {
  readonly settings: DeflateSettings;
  /** Makes the deflater for messages that are sent. */
  createDeflater(parameters: DeflateParameters): Deflater;
  /** Makes the inflater for messages that arrive. */
  createInflater(parameters: DeflateParameters): Inflater;
}

/** The end of every message that the sender removes and the receiver puts back (RFC 7692 §7.2.1, §7.2.2). */
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
  // Only if the offer has this parameter may the server ask for a smaller window (RFC 7692 §7.1.2.2).
  parameters.push([
    'client_max_window_bits',
    clientMaxWindowBits === undefined ? undefined : String(clientMaxWindowBits),
  ]);
  return serializeExtension({ name: NAME, parameters });
}

/** Reads the server's answer to the offer. A returned string says what is wrong with the answer. */
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

/** Accepts the first of the client's offers that the settings allow; `undefined` declines all offers. */
export function acceptOffer(
  offers: readonly Extension[],
  settings: DeflateSettings,
): DeflateAgreement | undefined {
  for (const offer of offers) {
    if (offer.name !== NAME) continue;
    const parameters = readParameters(offer);
    // RFC 7692 §7: "A server MUST decline an extension negotiation offer for this extension if any of
    // the following conditions are met": an unknown, invalid or repeated parameter, or a configuration
    // that the server does not support.
    const agreement = typeof parameters === 'string' ? undefined : agree(parameters, settings);
    if (agreement !== undefined) return agreement;
  }
  return undefined;
}

/** The parameters of an offer or an answer. `true` is a window size without a value. */
interface Parameters {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  serverMaxWindowBits: number | undefined;
  clientMaxWindowBits: number | true | undefined;
}

function agree(offer: Parameters, settings: DeflateSettings): DeflateAgreement | undefined {
  const { clientMaxWindowBits: offered } = offer;
  // RFC 7692 §7.1.2.2: if the offer lacks "client_max_window_bits", the response "MUST NOT include" it,
  // so this client cannot be asked for a smaller window.
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

/** Reads the parameters strictly (RFC 7692 §7.1). A returned string says which one is wrong. */
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

/** Parses "a decimal integer value without leading zeroes between 8 to 15" (RFC 7692 §7.1.2). */
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
