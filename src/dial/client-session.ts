/**
 * The options of a client's session, which are the same in every client.
 */
import { nodeKernels } from '../kernels/node.ts';
import type { ResolvedConnectOptions } from '../options/options.ts';
import type { MessageDelivery } from '../protocol/message-reader.ts';
import type { ClientOptions, SessionOptions } from '../protocol/session-options.ts';
import { maskingKeys, nonce, sha1Base64 } from '../transport/crypto.ts';
import { requestHeaders, type Target } from './target.ts';

/**
 * Returns the client's part of a session's options, taken from the URL and the options of `connect`.
 *
 * @param generateMaskingKey draws masking keys. Default the function of the options
 */
export function clientOptions(
  target: Target,
  options: ResolvedConnectOptions,
  generateMaskingKey: ((keys: Uint8Array) => void) | undefined = options.generateMaskingKey,
): ClientOptions {
  return {
    host: target.host,
    target: target.target,
    protocols: options.protocols,
    headers: requestHeaders(target, options),
    maskingKeys: maskingKeys(generateMaskingKey),
    nonce: nonce(),
  };
}

/** Delivers whole messages, in memory that a client may keep until they are received. */
export const WHOLE_MESSAGES: MessageDelivery = { deliversFrames: false, handsOver: true };

/**
 * Returns the options of a client's session.
 *
 * @param own the options that differ from client to client
 */
export function clientSessionOptions(
  options: ResolvedConnectOptions,
  delivery: MessageDelivery,
  own: Pick<SessionOptions, 'output' | 'sink' | 'limits' | 'compression'>,
): SessionOptions {
  // Not spread: an object made by spreading takes ten times the memory.
  return {
    kernels: nodeKernels(),
    output: own.output,
    sink: own.sink,
    limits: own.limits,
    autoPong: options.autoPong,
    deliversFrames: delivery.deliversFrames,
    handsOver: delivery.handsOver === true,
    sha1: sha1Base64,
    compression: own.compression,
  };
}
