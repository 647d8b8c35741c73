/**
 * Keeps the C library from giving the memory of messages back to the system.
 *
 * When a garbage collection frees many messages at once, glibc gives the end of its heap back. For the next messages
 * the system hands it out again, page fault by page fault. For messages of 64 KiB that takes as long as everything
 * else that is done for them (bench: request-response of 64 KiB, same core).
 *
 * glibc keeps twice the size of the largest block that was freed before (mallopt(3), M_MMAP_THRESHOLD and
 * M_TRIM_THRESHOLD). So one large block is taken once, and freed by the next collection.
 */

/** glibc takes notice of blocks of up to 32 MiB, its own header included. */
const MAX_NOTICED_BLOCK = 32 * 1024 * 1024 - 64 * 1024;
/** Messages shorter than this free too few bytes at once. */
const MIN_LARGE_MESSAGE = 16 * 1024;

let isDone = process.platform !== 'linux';

/** Takes the large block before the first large message. Call this before taking memory for `size` bytes. */
export function preventTrimming(size: number): void {
  if (isDone || size < MIN_LARGE_MESSAGE) return;
  isDone = true;
  try {
    // The block is never written to, so it takes addresses and no memory.
    Buffer.allocUnsafeSlow(MAX_NOTICED_BLOCK);
  } catch {
    // The process has too few addresses left. Messages are received all the same.
  }
}
