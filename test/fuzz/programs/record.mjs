// What is written down of an end of a connection, for the judge.

/** Makes the record of an end at which nothing has happened yet. */
export function emptyRecord(end, face) {
  return {
    end,
    face,
    hasOpened: false,
    /** Messages given to `send`, in order, with what became of each. */
    ledger: [],
    /** Messages that came, in order. */
    received: [],
    /** What was told to have gone wrong. */
    errors: [],
    /** What was told of the end. */
    closed: undefined,
    hasClosedFirst: false,
    wasTerminated: false,
    wasPausedWhileClosing: false,
    hasThrown: false,
    /** Why a client could not connect. */
    refusal: undefined,
  };
}
