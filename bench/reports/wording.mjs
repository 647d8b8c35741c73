/** Writes figures as text, in the reports and in the script of the page. */

/**
 * Three significant digits with the unit that fits: `3.14 µs`, `31.4 µs`, `3.14 ms`.
 *
 * @param {number | undefined} micros
 */
export function timeText(micros) {
  if (micros === undefined || !Number.isFinite(micros)) return '–';
  if (micros >= 999_500) return `${threeDigits(micros / 1e6)} s`;
  return micros >= 999.5 ? `${threeDigits(micros / 1000)} ms` : `${threeDigits(micros)} µs`;
}

/** @param {number} micros of an axis: `5 µs` */
export function tickText(micros) {
  return timeText(micros).replace(/\.0+ /, ' ');
}

/** @param {number | undefined} micros as the reference document has them: `0.0314` */
export function millisText(micros) {
  if (micros === undefined || !Number.isFinite(micros)) return '–';
  return threeDigits(micros / 1000);
}

/** @param {number | undefined} bytes */
export function bytesText(bytes) {
  if (bytes === undefined || !Number.isFinite(bytes)) return '–';
  if (bytes >= 1024 * 1024) return `${threeDigits(bytes / 1024 / 1024)} MiB`;
  return bytes >= 1024 ? `${threeDigits(bytes / 1024)} KiB` : `${Math.round(bytes)} B`;
}

/**
 * What a client is written in and how it takes replies.
 *
 * @param {{ language?: string | undefined, style?: string }} peer
 */
export function kindText({ language, style }) {
  return [language, style].filter(Boolean).join(' · ');
}

/** @param {number | undefined} value a whole number, its thousands apart */
export function wholeText(value) {
  if (value === undefined || !Number.isFinite(value)) return '–';
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** @param {number | undefined} value */
export function threeDigits(value) {
  if (value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(3));
  const decimals = 2 - Math.floor(Math.log10(Math.abs(rounded)) + 1e-9);
  return decimals > 0 ? rounded.toFixed(Math.min(decimals, 4)) : wholeText(rounded);
}

/** @param {number} factor `1.85`, `12.2`, `121` */
export function factorText(factor) {
  if (factor < 10) return factor.toFixed(2);
  return factor < 100 ? factor.toFixed(1) : factor.toFixed(0);
}

/**
 * `1.80–1.91×`; one figure where both ends are written alike.
 *
 * @param {{ low: number, high: number }} interval
 */
export function rangeText({ low, high }) {
  const [from, to] = [factorText(low), factorText(high)];
  return from === to ? `${from}×` : `${from}–${to}×`;
}

/**
 * A ratio with its interval. A tie shows the interval only, so that nobody quotes a figure.
 *
 * @param {{ median: number, low: number, high: number, isTie: boolean } | undefined} ratio
 */
export function ratioText(ratio) {
  if (!ratio) return '–';
  return ratio.isTie ? `≈ (${rangeText(ratio)})` : figureText(ratio);
}

/**
 * A ratio with its interval, also if it is a tie.
 *
 * @param {{ median: number, low: number, high: number }} ratio
 */
export function figureText(ratio) {
  return `${factorText(ratio.median)}× (${rangeText(ratio)})`;
}

/** @param {string} date as records have it */
export function minuteText(date) {
  return date.slice(0, 16).replace('T', ' ');
}

/** What the mark of clients that poll means. */
export const POLLING_NOTE =
  '° polls: it looks for the reply again and again for up to 200 µs before it sleeps, where it has found that replies come sooner so at ' +
  'about the same CPU. “Sleeps” is the same client with that turned off (busyPoll: 0).';
