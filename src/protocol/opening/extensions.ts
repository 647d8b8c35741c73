/**
 * Reads and writes the value of `Sec-WebSocket-Extensions` (RFC 6455 §9.1).
 */

import { isToken, TOKEN_CHARACTER } from '../../http-token.ts';

/** One extension of the list. */
export interface Extension {
  readonly name: string;
  /** Names and values in order, repeated names included; `undefined` for a parameter without a value. */
  readonly parameters: readonly (readonly [string, string | undefined])[];
}

// The patterns are sticky, so that each character is looked at once: the time is linear in the length.
const SPACE = /[\t ]*/y;
const TOKEN = new RegExp(`${TOKEN_CHARACTER}+`, 'y');
const QUOTED = /"((?:[\t !\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e])*)"/y;

/** Parses the list; `undefined` if it is malformed. */
export function parseExtensions(value: string): Extension[] | undefined {
  const scanner = new Scanner(value);
  const extensions: Extension[] = [];
  do {
    // RFC 9110 §5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty list elements".
    if (scanner.isAtSeparator()) continue;
    const name = scanner.token();
    if (name === undefined) return undefined;
    const parameters: [string, string | undefined][] = [];
    while (scanner.skip(';')) {
      const parameter = scanner.token();
      if (parameter === undefined) return undefined;
      let argument: string | undefined;
      if (scanner.skip('=')) {
        argument = scanner.quoted() ?? scanner.token();
        if (argument === undefined) return undefined;
      }
      parameters.push([parameter, argument]);
    }
    extensions.push({ name, parameters });
  } while (scanner.skip(','));
  return scanner.isAtEnd() ? extensions : undefined;
}

/** Writes one extension with its parameters. */
export function serializeExtension({ name, parameters }: Extension): string {
  return [
    name,
    ...parameters.map(([parameter, value]) =>
      value === undefined ? parameter : `${parameter}=${value}`,
    ),
  ].join('; ');
}

class Scanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#match(SPACE);
    return this.#position === this.#text.length;
  }

  isAtSeparator(): boolean {
    return this.isAtEnd() || this.#text[this.#position] === ',';
  }

  /** Skips white space, then the character; false if another one is there. */
  skip(character: string): boolean {
    this.#match(SPACE);
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  token(): string | undefined {
    this.#match(SPACE);
    return this.#match(TOKEN)?.[0];
  }

  /**
   * Reads a quoted string. RFC 6455 §9.1: "the value after quoted-string unescaping MUST conform to the
   * 'token' ABNF."
   */
  quoted(): string | undefined {
    this.#match(SPACE);
    const found = this.#match(QUOTED)?.[1]?.replace(/\\(.)/g, '$1');
    return found !== undefined && isToken(found) ? found : undefined;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#position = pattern.lastIndex;
    return match;
  }
}
