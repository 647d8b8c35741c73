/** Polls until a condition holds, for at most fifteen seconds: the machine may be busy. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('waited fifteen seconds in vain');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
