/**
 * What can be sent from one thread to another.
 */
import { cloneValue } from '../../transport/node-globals.ts';

/** Tells whether a value can be sent to another thread: it has no function and no native object. */
export function isCloneable(value: unknown): boolean {
  try {
    cloneValue(value);
    return true;
  } catch {
    return false;
  }
}
