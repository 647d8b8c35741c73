// Errors that programs throw on purpose, so that each is known wherever it is told.

/** An error that a program throws on purpose. */
export class OnPurpose extends Error {
  constructor(id, where) {
    super(`thrown on purpose: ${id} ${where}`);
    this.id = id;
  }
}

/** Returns which error thrown on purpose this is, or is caused by; `undefined` for any other. */
export function purposeOf(error) {
  for (
    let each = error, depth = 0;
    each instanceof Error && depth < 5;
    each = each.cause, depth++
  ) {
    if (each instanceof OnPurpose) return each.id;
  }
  return undefined;
}
