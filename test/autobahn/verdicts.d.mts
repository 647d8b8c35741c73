export interface Verdict {
  behavior: string;
  behaviorClose: string;
}

export interface Expectation {
  behavior: string | string[];
  behaviorClose: string;
}

export function compareVerdicts(
  cases: readonly string[],
  actual: Record<string, Verdict>,
  expected: Record<string, Expectation>,
): { id: string; expected: Expectation | undefined; actual: Verdict | undefined }[];
export function describeVerdict(verdict: Verdict | Expectation | undefined): string;
export function mergeVerdicts(
  kept: Record<string, Expectation>,
  cases: readonly string[],
  actual: Record<string, Verdict>,
): Record<string, Expectation>;
export function serializeExpectations(
  expected: Record<string, Record<string, Expectation>>,
): string;
export function renderTable(
  results: readonly { agent: string; verdicts: Record<string, Expectation> }[],
): string;
