// How long things may take, in milliseconds.

/** The library's own timeouts in a case. */
export const CLOSE_TIMEOUT = 400;
export const HANDSHAKE_TIMEOUT = 400;
export const CONNECT_TIMEOUT = 600;
/** How long an event that must happen may take on a busy machine. */
export const DRIVEN_LIMIT = 5000;
/** How long a whole case may take. */
export const CASE_LIMIT = 20_000;
