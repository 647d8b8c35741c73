/**
 * Checks of values that a caller gives, each with an error that says what was expected.
 */

/** Longest delay that a Node.js timer takes; a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Checks a duration in milliseconds, as the options and the arguments of single calls have it. */
export function milliseconds(name: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number of milliseconds, not ${describe(value)}`);
  }
  if (!(value >= 0)) {
    throw new RangeError(`${name} must be 0 or more milliseconds, not ${value}`);
  }
  return Math.min(value, LONGEST_DELAY);
}

/** Checks that a value is an AbortSignal, of whatever realm or library. */
export function abortSignal(name: string, value: unknown): AbortSignal {
  const { aborted, addEventListener, throwIfAborted } = (value ?? {}) as Partial<AbortSignal>;
  const areMethods = typeof addEventListener === 'function' && typeof throwIfAborted === 'function';
  if (typeof aborted !== 'boolean' || !areMethods) {
    throw new TypeError(`${name} must be an AbortSignal, not ${describe(value)}`);
  }
  return value as AbortSignal;
}

/** Names a value's kind and does not show it: it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || typeof value === 'object') return describe(value);
  return `a ${typeof value}`;
}

/** Names a value's type, for an error message. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') {
    const name = (value as object).constructor?.name;
    return name === undefined || name === 'Object' ? 'an object' : `an instance of ${name}`;
  }
  if (typeof value === 'string') return `the string '${value.slice(0, 40)}'`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'undefined' ? 'undefined' : `the ${typeof value} ${String(value)}`;
}

/** Makes the check of an integer in a range, which without an end includes infinity. */
export function integer(
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): (name: string, value: unknown) => number {
  return (name, value) => {
    if (typeof value !== 'number') {
      throw new TypeError(`${name} must be a number, not ${describe(value)}`);
    }
    if (value === Number.POSITIVE_INFINITY && most === Number.MAX_SAFE_INTEGER) return value;
    if (!Number.isInteger(value) || value < least || value > most) {
      const range =
        most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
      throw new RangeError(`${name} must be an integer ${range}, not ${value}`);
    }
    return value;
  };
}

/** Checks that a value is a boolean. */
export function boolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') {
    throw new TypeError(`${name} must be true or false, not ${describe(value)}`);
  }
  return value;
}

/** Checks that a value is a string. */
export function text(name: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new TypeError(`${name} must be a string, not ${describe(value)}`);
  }
  return value;
}

/** Checks that a value is a list of strings. */
export function textList(name: string, value: unknown): string[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`${name} must be an array of strings, not ${describe(value)}`);
  }
  return value.map((item, index) => text(`${name}[${index}]`, item));
}

/** Checks that a value is an object. */
export function object(name: string, value: unknown): object {
  if (value === null || typeof value !== 'object') {
    throw new TypeError(`${name} must be an object, not ${kindOf(value)}`);
  }
  return value;
}

/** Checks that a value is a function. */
export function callback(name: string, value: unknown): unknown {
  if (typeof value !== 'function') {
    throw new TypeError(`${name} must be a function, not ${describe(value)}`);
  }
  return value;
}
