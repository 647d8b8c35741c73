/**
 * The clock of every deadline: milliseconds, never going back.
 */

/** Returns the present time in milliseconds, with fractions. */
export function now(): number {
  return performance.now();
}
