/**
 * Reads the cookies of a request (RFC 6265 §4.2).
 */

/**
 * Parses a `Cookie` header. Of several cookies with one name the first counts: browsers send the one with the longest
 * path first. A value that is not percent-encoded properly stays as it is.
 */
export function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const name = pair.slice(0, equals).trim();
    if (name === '' || cookies.has(name)) continue;
    const value = pair.slice(equals + 1).trim();
    cookies.set(
      name,
      decoded(value.startsWith('"') && value.endsWith('"') ? unquoted(value) : value),
    );
  }
  return cookies;
}

function unquoted(value: string): string {
  return value.length < 2 ? value : value.slice(1, -1);
}

function decoded(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
