export class UsageError extends Error {}

export function parseArguments(args: string[]): {
  agents: string[];
  cases: string[];
  isSetup: boolean;
  isUpdate: boolean;
  isHelp: boolean;
};
