/** What a conversation saw; which of these there are depends on the scenario. */
export interface Seen {
  protocol?: string;
  extensions?: string;
  wrong?: string[];
  isSame?: boolean;
  length?: number;
  close?: { code: number; reason: string; wasClean: boolean };
  refused?: { code: number; reason: string; wasClean: boolean };
}

export function converse(
  webSocket: unknown,
  url: string,
  scenario: string,
  text?: string,
): Promise<Seen>;
