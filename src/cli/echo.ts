/**
 * `wirespeed echo`: a server that sends every message back.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Server, serve } from '../entries/server.ts';

const HELP = `Usage: wirespeed echo [options]

Runs a WebSocket server that sends every message back, until it is interrupted.

Options:
  --port PORT               port to listen on; 0 lets the system choose (default 9001)
  --host ADDRESS            address to listen on (default 127.0.0.1)
  --tls-key FILE            private key in PEM; with --tls-cert the server speaks wss:
  --tls-cert FILE           certificate chain in PEM
  --max-message-size BYTES  largest message taken (default 67108864)
  --help                    this text
`;

const DEFAULT_PORT = '9001';
const DEFAULT_MAX_MESSAGE_SIZE = String(64 * 1024 * 1024);

/** The error for a wrong command line; its message says what is right. */
class UsageError extends Error {}

/** Runs the command with its arguments. */
export async function runEcho(args: string[]): Promise<void> {
  try {
    const options = parseOptions(args);
    if (options === undefined) {
      process.stdout.write(HELP);
      return;
    }
    const server = await startEcho(options);
    process.stdout.write(`listening on ${server.url}\n`);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => void server.close());
    }
  } catch (error) {
    process.stderr.write(`wirespeed echo: ${explain(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

interface EchoOptions {
  readonly port: number;
  readonly host: string;
  readonly maxMessageSize: number;
  readonly tls: { readonly key: Buffer; readonly cert: Buffer } | undefined;
}

function startEcho(options: EchoOptions): Promise<Server> {
  return serve({
    ...options,
    views: true,
    handlers: {
      message(ws, data, isText) {
        // A client that does not read its echoes is not read from until it has.
        if (!ws.send(data, { text: isText })) ws.pause();
      },
      drain(ws) {
        ws.resume();
      },
    },
  });
}

function parseOptions(args: string[]): EchoOptions | undefined {
  const values = parseValues(args);
  if (values.help === true) return undefined;
  const key = values['tls-key'];
  const cert = values['tls-cert'];
  if ((key === undefined) !== (cert === undefined)) {
    throw new UsageError('--tls-key and --tls-cert must be given together');
  }
  return {
    port: parseInteger('--port', values.port ?? DEFAULT_PORT, 65_535),
    host: values.host ?? '127.0.0.1',
    maxMessageSize: parseInteger(
      '--max-message-size',
      values['max-message-size'] ?? DEFAULT_MAX_MESSAGE_SIZE,
      Number.MAX_SAFE_INTEGER,
    ),
    tls:
      key === undefined || cert === undefined
        ? undefined
        : { key: readFileSync(key), cert: readFileSync(cert) },
  };
}

function parseValues(args: string[]) {
  try {
    return parseArgs({
      args,
      strict: true,
      allowPositionals: false,
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        'tls-key': { type: 'string' },
        'tls-cert': { type: 'string' },
        'max-message-size': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`);
  }
}

function parseInteger(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value > max) {
    throw new UsageError(`${name} takes a whole number from 0 to ${max}, not '${text}'`);
  }
  return value;
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return `${message}; choose another --port, or 0 for a free one`;
  if (code === 'EACCES') return `${message}; a port below 1024 needs privileges`;
  return message;
}
