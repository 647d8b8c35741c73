import type { Arbitrary } from 'fast-check';

export interface Target {
  readonly name: string;
  /** What it holds to be true. */
  readonly about: string;
  readonly arbitrary: Arbitrary<unknown>;
  readonly isAsync?: boolean;
  check(input: unknown): void | Promise<void>;
}

export const targets: readonly Target[];
