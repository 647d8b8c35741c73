/**
 * Checks of single values that a caller gives. Their errors say what was expected.
 */

/** The longest delay that a Node.js timer takes, in milliseconds: a longer one would fire at once. */
export const MAX_TIMER_DELAY: number = 2 ** 31 - 1;

/** Checks a duration in milliseconds, of an option or of a single call. */
export function milliseconds(name: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number of milliseconds, not ${describe(value)}`);
  }
  if (!(value >= 0)) {
    throw new RangeError(`${name} must be 0 or more milliseconds, not ${value}`);
  }
  return Math.min(value, MAX_TIMER_DELAY);
}

/** Checks that a value has what an AbortSignal has. It may come from another realm or from a library. */
export function abortSignal(name: string, value: unknown): AbortSignal {
  const { aborted, addEventListener, throwIfAborted } = (value ?? {}) as Partial<AbortSignal>;
  const areMethods = typeof addEventListener === 'function' && typeof throwIfAborted === 'function';
  if (typeof aborted !== 'boolean' || !areMethods) {
    throw new TypeError(`${name} must be an AbortSignal, not ${describe(value)}`);
  }
  return value as AbortSignal;
}

/** Names a value's kind, for an error message. It does not show the value, which may be a secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || typeof value === 'object') return describe(value);
  return `a ${typeof value}`;
}

/** Describes a value, for an error message. */
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

/** Makes the check of an integer in a range. A range without `max` includes infinity. */
export function integer(
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): (name: string, value: unknown) => number {
  return (name, value) => {
    if (typeof value !== 'number') {
      throw new TypeError(`${name} must be a number, not ${describe(value)}`);
    }
    if (value === Number.POSITIVE_INFINITY && max === Number.MAX_SAFE_INTEGER) return value;
    if (!Number.isInteger(value) || value < min || value > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
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

/** Tells whether a value is an object literal or has no prototype. Another realm may have made it. */
export function isPlainObject(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  // Each realm has its own Object.prototype. It is the only prototype that has none itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
