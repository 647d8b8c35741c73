/** A case that failed once. */
export interface KeptCase {
  readonly file: string;
  readonly target: string;
  /** What was wrong. */
  readonly found: string;
  readonly input: unknown;
}

export function keptCases(): KeptCase[];
