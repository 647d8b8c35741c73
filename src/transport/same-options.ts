/**
 * Compares options of TLS, where something is kept that was made with them.
 */

/** Tells whether all options are the same values; a list may be another one of the same. */
export function isSameOptions(kept: object, options: object): boolean {
  const names = Object.keys(options);
  return (
    names.length === Object.keys(kept).length &&
    names.every(
      (name) =>
        Object.hasOwn(kept, name) &&
        isSameValue(kept[name as keyof object], options[name as keyof object]),
    )
  );
}

function isSameValue(kept: unknown, value: unknown): boolean {
  if (!Array.isArray(kept) || !Array.isArray(value)) return kept === value;
  return kept.length === value.length && kept.every((item, index) => item === value[index]);
}
