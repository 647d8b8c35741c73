/** As much of the types of `ws` as the tests here need; the package has none of its own. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events';

  export type RawData = Buffer | ArrayBuffer | Buffer[];

  export class WebSocket extends EventEmitter {
    constructor(url: string, options?: object);
    constructor(url: string, protocols?: string[], options?: object);
    readonly protocol: string;
    readonly extensions: string;
    send(data: RawData | string, options?: { binary?: boolean; fin?: boolean }): void;
    ping(data?: string): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
    on(event: 'message', listener: (data: RawData, isBinary: boolean) => void): this;
  }

  export interface ServerOptions {
    host?: string;
    port?: number;
    perMessageDeflate?: boolean | object;
    noServer?: boolean;
    handleProtocols?(protocols: Set<string>): string | false;
  }

  export class WebSocketServer extends EventEmitter {
    constructor(options: ServerOptions);
    readonly clients: Set<WebSocket>;
    address(): unknown;
    handleUpgrade(
      request: unknown,
      socket: unknown,
      head: unknown,
      done: (ws: WebSocket) => void,
    ): void;
    close(): void;
    on(event: 'connection', listener: (ws: WebSocket) => void): this;
  }
}
