/**
 * Tells where two copies of the package meet. Each knows its own classes only, and what fails for that reason
 * alone would be a riddle.
 */
import { WebSocketError } from '../errors.ts';
import { nodeProcess } from '../transport/node-globals.ts';

/** What every copy marks what it makes by. */
const MARK = Symbol.for('wirespeed.copy');
/** What this copy marks it with. */
const thisCopy = {};
const HINT = 'two copies of wirespeed are loaded, and `npm ls wirespeed` tells who brings them';

/** Marks the instances of a class as made by this copy. */
export function markCopy({ prototype }: { readonly prototype: object }): void {
  Object.defineProperty(prototype, MARK, { value: thisCopy });
}

/**
 * Checks that a value was not made by another copy.
 *
 * @param what how the caller calls it
 * @throws TypeError saying that there are two
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

/** What `instanceof` asks of the classes of errors. */
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
