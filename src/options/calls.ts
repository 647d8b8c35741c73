/**
 * Checks the options that single calls take.
 */
import { abortSignal, boolean, kindOf } from './checks.ts';
import { type ForeignNames, unknownOption } from './hints.ts';

/** Options of `send` in other libraries. */
const FOREIGN_TO_SEND: ForeignNames = {
  binary:
    'a string is sent as text and anything else as binary; { text: true } sends bytes as text',
  cb: 'the result of send tells what became of the message',
  fin: 'an iterable is sent as the fragments of one message',
  mask: 'a client always masks what it sends, and a server never (RFC 6455 §5.1)',
};

/** Options that other calls have and blocking calls have not. */
const FOREIGN_TO_BLOCKING: ForeignNames = {
  signal: "nothing can abort a call that blocks: give it a 'timeout'",
};

/**
 * Checks the options of one `send`.
 *
 * @param own names of options that the caller checks itself
 * @throws TypeError for an unknown option or a value of the wrong type
 */
export function checkSendOptions(options: unknown, own: readonly string[] = []): void {
  if (options === undefined) return;
  checkObject('send', options);
  // This allocates nothing: a program may send a million messages with options.
  for (const name in options) {
    if (!Object.hasOwn(options, name)) continue;
    const value: unknown = options[name as keyof typeof options];
    if (name === 'text' || name === 'compress') {
      if (value !== undefined) boolean(`send: option '${name}'`, value);
    } else if (name === 'signal') {
      if (value !== undefined) abortSignal('send: signal', value);
    } else if (!own.includes(name)) {
      throw unknownOption('send', name, ['text', 'compress', 'signal', ...own], FOREIGN_TO_SEND);
    }
  }
}

/**
 * Checks that a call is given no options but these. The caller checks their values.
 *
 * @throws TypeError for an unknown option, or options that are no object
 */
export function checkCallOptions(call: string, options: unknown, names: readonly string[]): void {
  if (options === undefined) return;
  checkObject(call, options);
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw unknownOption(call, unknown, names, FOREIGN_TO_BLOCKING);
}

function checkObject(call: string, options: unknown): asserts options is object {
  if (options !== null && typeof options === 'object' && !Array.isArray(options)) return;
  throw new TypeError(`${call}: options must be an object, not ${kindOf(options)}`);
}
