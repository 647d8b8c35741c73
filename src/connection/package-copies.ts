/**
 * Detects a value that another copy of this package has made. Each copy has its own classes, so such a value is an
 * instance of none of ours. The error says why.
 */
import { WebSocketError } from '../errors.ts';
import { nodeProcess } from '../transport/node-globals.ts';

/** The property that each copy puts on its classes. All copies share the symbol. */
const MARK = Symbol.for('wirespeed.copy');
/** The value of the property in this copy. */
const thisCopy = {};
const HINT = 'two copies of wirespeed are loaded, and `npm ls wirespeed` lists them';

/** Marks the instances of a class as made by this copy. */
export function markCopy({ prototype }: { readonly prototype: object }): void {
  Object.defineProperty(prototype, MARK, { value: thisCopy });
}

/**
 * Checks that a value was not made by another copy.
 *
 * @param what the caller's words for the value
 * @throws TypeError saying that two copies are loaded
 */
export function checkCopy(what: string, value: unknown): void {
  if (isOfAnotherCopy(value)) throw new TypeError(`${what} was made by another copy: ${HINT}`);
}

function isOfAnotherCopy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const copy = (value as Record<symbol, unknown>)[MARK];
  return copy !== undefined && copy !== thisCopy;
}

const isInstanceOf = Function.prototype[Symbol.hasInstance];
let hasWarned = false;

/** Replaces `instanceof` of our error classes: warns once if another copy has made the error. */
function isInstance(this: unknown, value: unknown): boolean {
  if (isInstanceOf.call(this, value)) return true;
  if (!hasWarned && isOfAnotherCopy(value)) {
    hasWarned = true;
    nodeProcess.emitWarning(
      `an error of one copy of wirespeed is no instance of the classes of another: ${HINT}`,
      { code: 'WS_TWO_COPIES' },
    );
  }
  return false;
}

markCopy(WebSocketError);
Object.defineProperty(WebSocketError, Symbol.hasInstance, { value: isInstance });
