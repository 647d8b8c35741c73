/**
 * Channels of `node:diagnostics_channel` that tell what happens, for tracing and for tests. Where nobody subscribes, a
 * channel costs one look.
 */
import { type Channel, channel } from 'node:diagnostics_channel';

/** A server's connection is open: `{ connection, request }`. */
export const serverOpen: Channel = channel('wirespeed:server:open');
/** A server's connection has ended: `{ connection, request, code, reason, error }`; `error` if it failed. */
export const serverClose: Channel = channel('wirespeed:server:close');
/** A server has refused a request: `{ request, status, reason }`; without a request if what came was none. */
export const serverRefused: Channel = channel('wirespeed:server:refused');
/** A function of the user's has failed on a server: `{ error, source, connection, request }`. */
export const serverFault: Channel = channel('wirespeed:server:fault');
