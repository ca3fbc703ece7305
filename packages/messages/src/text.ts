/**
 * What others have written, as messages may show it: on one line, without characters that a terminal obeys, and not too
 * long.
 */

/** Controls, formats (which turn the direction of text), halves of characters, ends of lines and paragraphs. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Of a value, in characters. */
const MOST_SHOWN = 80;
/** Of a whole message. */
const LONGEST = 480;

/** A value in quotes, if it is text; else as JSON has it. */
export function quoted(value: unknown, most = MOST_SHOWN): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const safe = text.slice(0, most + 1).replace(UNSAFE, '\ufffd');
  const shown = text.length > most ? `${safe.slice(0, most)}…` : safe;
  return typeof value === 'string' ? `"${shown}"` : shown;
}

/** A message that is safe whatever was put into it; of a long one, the beginning and the end. */
export function oneLine(message: string): string {
  const short = message.length > LONGEST ? `${message.slice(0, 320)} … ${message.slice(-150)}` : message;
  return short.replace(UNSAFE, '\ufffd');
}
