/**
 * What a client's session is made of: the same for every face.
 */
import { nodeKernels } from '../kernels/node.ts';
import type { ResolvedConnectOptions } from '../options.ts';
import type { MessageDelivery } from '../protocol/message-reader.ts';
import type { Compression } from '../protocol/permessage-deflate.ts';
import type { ClientOptions, SessionOptions } from '../protocol/session-options.ts';
import { maskingKeys, nonce, sha1Base64 } from './crypto.ts';
import type { SessionLimits } from './session-limits.ts';
import { requestHeaders, type Target } from './target.ts';

/** What a client's session takes of its request, from the URL and the options. */
export function clientOptions(target: Target, options: ResolvedConnectOptions): ClientOptions {
  return {
    host: target.host,
    target: target.target,
    protocols: options.protocols,
    headers: requestHeaders(target, options),
    maskingKeys: maskingKeys(options.generateMaskingKey),
    nonce: nonce(),
  };
}

/** Delivers messages to a face that keeps them until they are asked for. */
export const KEPT: MessageDelivery = { deliversFrames: false, handsOver: true };

/** What a client's session takes of the options. */
export function clientSessionOptions(
  options: ResolvedConnectOptions,
  limits: SessionLimits,
  delivery: MessageDelivery,
  compression: Compression | undefined,
): Omit<SessionOptions, 'output' | 'sink'> {
  return {
    compression,
    kernels: nodeKernels(),
    limits,
    autoPong: options.autoPong,
    ...delivery,
    sha1: sha1Base64,
  };
}
