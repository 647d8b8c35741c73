/** The options of every echo client and server here. */
export const ECHO_OPTIONS = {
  perMessageDeflate: true,
  // Cases 9.1 and 9.2 send up to 16 MiB, cases 9.3.1 and 9.4.1 a message in 65,537 fragments; the
  // defaults refuse both, the size at a server only.
  maxMessageSize: 16 * 1024 * 1024,
  maxFragments: 65_537,
};
