/**
 * Keeps the C library's heap from shrinking under messages that come and go.
 *
 * When a collection frees many of them at once, glibc gives the end of its heap back to the system, and
 * takes it again page fault by page fault: for messages of 64 KiB that takes as long as all else that is
 * done for them (bench: request-response of 64 KiB, same core). It leaves alone twice the size of the largest
 * block that it has seen come and go (mallopt(3), M_TRIM_THRESHOLD and its adjustment): so it is shown one.
 */

/** The largest block that glibc learns from is 32 MiB, with what it adds to it. */
const LESSON = 32 * 1024 * 1024 - 64 * 1024;
/** Messages shorter than this have too few bytes between two collections. */
const LARGE = 16 * 1024;

let isDone = process.platform !== 'linux';

/** To be called before memory for a message of `size` bytes is taken: does what is to be done, at the first large one. */
export function preventTrimming(size: number): void {
  if (isDone || size < LARGE) return;
  isDone = true;
  try {
    // Never written to, so that it takes no memory but addresses; the next collection frees it.
    Buffer.allocUnsafeSlow(LESSON);
  } catch {
    // Where addresses are scarce messages are received all the same.
  }
}
