// Measures how much memory a piece of work allocates for bytes. The core makes every buffer by
// `new Uint8Array(size)` with the global constructor, which is replaced while the work runs.

/** Runs `work` and returns the largest buffer it made and the sum of all. */
export function measureAllocation(work) {
  const Original = globalThis.Uint8Array;
  const made = { largest: 0, total: 0 };
  function Counting(...args) {
    if (typeof args[0] === 'number') {
      made.largest = Math.max(made.largest, args[0]);
      made.total += args[0];
    }
    return Reflect.construct(Original, args);
  }
  Object.setPrototypeOf(Counting, Original);
  Counting.prototype = Original.prototype;
  globalThis.Uint8Array = Counting;
  try {
    work();
  } finally {
    globalThis.Uint8Array = Original;
  }
  return made;
}
