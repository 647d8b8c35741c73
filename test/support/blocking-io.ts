/** The ways of blocking I/O, as `WIRESPEED_SYNC_IO` names them. */
export const BLOCKING_IO = ['wasi', 'fs-blocking', 'fs', 'worker'] as const;
