// Errors that programs throw on purpose. Each can be recognised wherever it is reported.

/** An error that a program throws on purpose. */
export class OnPurpose extends Error {
  constructor(id, where) {
    super(`thrown on purpose: ${id} ${where}`);
    this.id = id;
  }
}

/** Returns the error thrown on purpose that this is, or that caused it; `undefined` for other errors. */
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
