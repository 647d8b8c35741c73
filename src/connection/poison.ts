/**
 * A debug switch: what a handler was given a view of is overwritten as soon as it has returned, so
 * that a program that keeps a view reads nonsense at once, and not only now and then.
 */

const POISON = 0xdb;
const isOn = process.env.WIRESPEED_POISON_VIEWS === '1';

/** Overwrites a view whose handler has returned, if `WIRESPEED_POISON_VIEWS` is set to 1. */
export function poison(view: Uint8Array): void {
  if (isOn) view.fill(POISON);
}
