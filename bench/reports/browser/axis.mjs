/** Logarithmic axes, for the code that makes the page and for the script in it. */

/**
 * Lists the marks of a logarithmic axis: 1, 2 and 5 times the powers of ten, or only the powers if that is too many.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} [most]
 */
export function logTicks(low, high, most = 8) {
  const all = (/** @type {readonly number[]} */ steps) => {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const step of steps) {
        const tick = Number((step * 10 ** power).toPrecision(1));
        if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
      }
    }
    return ticks;
  };
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = all(steps);
    if (ticks.length <= most) return ticks;
  }
  return all([1]);
}

/**
 * Where a value lies between the ends of a logarithmic axis, from 0 to 1.
 *
 * @param {number} low
 * @param {number} high
 */
export function logScale(low, high) {
  const span = Math.log(high / low);
  return (/** @type {number} */ value) => Math.log(value / low) / span;
}

/**
 * Moves labels apart, as little as possible: each gets at least `gap` to the next, and all stay within the ends.
 *
 * @param {readonly number[]} wanted positions in any order
 * @param {number} gap
 * @param {number} low
 * @param {number} high
 * @returns {number[]} in the same order
 */
export function spreadLabels(wanted, gap, low, high) {
  const order = wanted
    .map((_, index) => index)
    .sort((a, b) => Number(wanted[a]) - Number(wanted[b]));
  // Neighbours that collide become one block around their mean, as often as blocks collide.
  /** @type {{ sum: number, members: number[] }[]} */
  const blocks = [];
  const startOf = (/** @type {{ sum: number, members: number[] }} */ { sum, members }) => {
    const size = (members.length - 1) * gap;
    const start = sum / members.length - size / 2;
    return Math.max(low, Math.min(start, high - size));
  };
  for (const index of order) {
    let block = { sum: Number(wanted[index]), members: [index] };
    for (let last = blocks.at(-1); last; last = blocks.at(-1)) {
      if (startOf(last) + last.members.length * gap <= startOf(block)) break;
      blocks.pop();
      block = { sum: last.sum + block.sum, members: [...last.members, ...block.members] };
    }
    blocks.push(block);
  }
  const placed = Array.from(wanted, () => 0);
  for (const block of blocks) {
    const start = startOf(block);
    for (const [place, index] of block.members.entries()) placed[index] = start + place * gap;
  }
  return placed;
}
