/**
 * A debug switch: overwrites a view when its handler has returned. A program that keeps views then reads nonsense
 * every time, and not only now and then.
 */

const POISON = 0xdb;
const isOn = process.env.WIRESPEED_POISON_VIEWS === '1';

/** Overwrites a view whose handler has returned, if `WIRESPEED_POISON_VIEWS` is set to 1. */
export function poison(view: Uint8Array): void {
  if (isOn) view.fill(POISON);
}
