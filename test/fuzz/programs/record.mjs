// The record of an end of a connection, for the judge.

/** Makes the record of an end at which nothing has happened yet. */
export function emptyRecord(end, face) {
  return {
    end,
    face,
    hasOpened: false,
    /** Messages given to `send`, in order, with the outcome of each. */
    ledger: [],
    /** Messages that arrived, in order. */
    received: [],
    /** The errors that this end was told. */
    errors: [],
    /** The close code and reason that this end was told. */
    closed: undefined,
    hasClosedFirst: false,
    wasTerminated: false,
    wasPausedWhileClosing: false,
    hasThrown: false,
    /** Why a client could not connect. */
    refusal: undefined,
  };
}
