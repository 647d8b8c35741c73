// Messages that contain their own number. The receiver can check whether a message is whole, and which
// messages should have arrived before it.

/** Characters of one to four bytes of UTF-8. */
const PATTERN = ['a', 'é', '€', '😀', 'z'];

/** The number of a message that is sent where nothing may be sent. It may arrive or not. */
export const NESTED = 'nested';

function headOf(channel, number, size) {
  return `${channel}#${number}/${size};`;
}

function textOf(head, number, size) {
  const turned = PATTERN.map((_, i) => PATTERN[(i + number) % PATTERN.length]).join('');
  const wanted = Math.max(size, head.length);
  const text = (head + turned.repeat(Math.ceil(wanted / turned.length))).slice(0, wanted);
  // Half a character at the end would be sent as U+FFFD.
  return /[\ud800-\udbff]$/.test(text) ? `${text.slice(0, -1)}.` : text;
}

function bytesOf(head, number, size) {
  const bytes = new Uint8Array(Math.max(size, head.length));
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 31 + number;
  bytes.set(Buffer.from(head, 'latin1'));
  return bytes;
}

/** Makes message `number` of a channel, of about `size` characters or bytes. An empty one holds no number. */
export function payloadOf(channel, number, isText, size) {
  if (size === 0) return isText ? '' : new Uint8Array(0);
  const head = headOf(channel, number, size);
  return isText ? textOf(head, number, size) : bytesOf(head, number, size);
}

/** Returns the number of a message that arrived, or what is wrong with it. */
export function readPayload(channel, data, isText) {
  const text =
    typeof data === 'string' ? data : Buffer.from(data).toString(isText ? 'utf8' : 'latin1');
  if (text === '') return { number: undefined, isText };
  if (text === NESTED) return { number: NESTED, isText };
  const head = /^([^#]*)#(\d+)\/(\d+);/.exec(text);
  if (head === null) return { fault: `no message of ours: ${JSON.stringify(text.slice(0, 60))}` };
  const [, from, number, size] = head;
  if (from !== channel) return { fault: `a message of ${from} came by ${channel}` };
  const whole = payloadOf(channel, Number(number), isText, Number(size));
  const expected = isText ? whole : Buffer.from(whole).toString('latin1');
  if (text === expected) return { number: Number(number), isText };
  return { fault: `message ${number} of ${size} has been changed${difference(text, expected)}` };
}

function difference(text, expected) {
  let at = 0;
  while (at < text.length && text[at] === expected[at]) at++;
  return ` at ${at}, where ${text.length} of ${expected.length} came`;
}
