import type { Arbitrary } from 'fast-check';

export interface Target {
  readonly name: string;
  /** What it holds to be true. */
  readonly about: string;
  readonly arbitrary: Arbitrary<unknown>;
  readonly isAsync?: boolean;
  /** Whether it opens sockets and starts a process: its cases take longer. */
  readonly usesSockets?: boolean;
  /** Milliseconds that a run needs at least. */
  readonly leastTime?: number;
  check(input: unknown): void | Promise<void>;
}

export const targets: readonly Target[];
