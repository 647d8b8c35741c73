// Talks to an echo server as a program of the standard's WebSocket would, and says what it saw. It
// runs in Node.js, in other runtimes and in a page of a browser: no import, nothing but globals.

const SIZES = [0, 1, 125, 126, 65_535, 65_536, 1_000_000];
const LARGE = 8 * 1024 * 1024;

/** What it can be asked to do; each returns what it saw, as data for JSON. */
const SCENARIOS = {
  async negotiate(ws) {
    const { protocol, extensions } = ws;
    return { protocol, extensions, close: await closed(ws, () => ws.close()) };
  },
  async echo(ws) {
    const wrong = [];
    for (const size of SIZES) wrong.push(...(await exchange(ws, size)));
    return { wrong };
  },
  async large(ws) {
    return { wrong: await exchange(ws, LARGE) };
  },
  /** What a server that compresses gets less of than was sent. */
  async repetitive(ws) {
    const text = 'the same again, '.repeat(10_000);
    return { isSame: (await reply(ws, text)) === text, length: text.length };
  },
  async close(ws) {
    return { close: await closed(ws, () => ws.close(4001, 'enough — as agreed')) };
  },
  /** The server does what the text says. */
  async order(ws, text) {
    return { close: await closed(ws, () => ws.send(text)) };
  },
};

/**
 * Connects and does what is asked.
 *
 * @param {typeof WebSocket} WebSocket
 * @param {string} url
 * @param {keyof typeof SCENARIOS} scenario
 * @param {string} [text]
 */
export async function converse(WebSocket, url, scenario, text) {
  const ws = new WebSocket(url, ['a', 'b']);
  ws.binaryType = 'arraybuffer';
  const end = closed(ws, () => {});
  const isOpen = await new Promise((resolve) => {
    ws.onopen = () => resolve(true);
    end.then(() => resolve(false));
  });
  if (!isOpen) return { refused: await end };
  const seen = await SCENARIOS[scenario](ws, text);
  ws.close();
  await end;
  return seen;
}

function closed(ws, begin) {
  return new Promise((resolve) => {
    ws.addEventListener('close', ({ code, reason, wasClean }) => {
      resolve({ code, reason, wasClean });
    });
    begin();
  });
}

function reply(ws, data) {
  return new Promise((resolve, reject) => {
    ws.onmessage = (event) => resolve(event.data);
    ws.onclose = ({ code }) => reject(new Error(`closed with ${code} instead of a reply`));
    ws.send(data);
  });
}

/** Sends binary and text of a size, and tells what did not come back as it was. */
async function exchange(ws, size) {
  const wrong = [];
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i + (i >> 8)) % 251;
  const binary = new Uint8Array(await reply(ws, bytes));
  if (!isSame(binary, bytes)) wrong.push(`${size} bytes`);
  // Characters of one to four bytes.
  const text = 'aä€😀'.repeat(size / 10);
  if ((await reply(ws, text)) !== text) wrong.push(`${text.length} characters`);
  return wrong;
}

function isSame(one, other) {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
