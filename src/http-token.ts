/**
 * Tokens of HTTP (RFC 9110 §5.6.2: "token = 1*tchar"): the names of headers and subprotocols are some.
 */

/** Matches one character of a token, as the source of a regular expression. */
export const TOKEN_CHARACTER = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";

const TOKEN = new RegExp(`^${TOKEN_CHARACTER}+$`);

/** Tells whether a text is a token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}
