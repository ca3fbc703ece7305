/** Pieces of a file as text, for messages. */

/** The most characters of a value that a message shows. */
const MOST_SHOWN = 24;

const decoder = new TextDecoder();

/** Bytes as text, without a line end that is left over. */
export const text = (bytes: Uint8Array, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end)).replace(/\r$/, '');

/** What was found, in quotes: cut off if it is long, and without control characters, which could harm a terminal. */
export function quoted(value: string): string {
  const shown = value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}…` : value;
  return `"${shown.replace(/\p{C}/gu, '\ufffd')}"`;
}

/** A cell's content: without the quotes around it, and with one for two in it. */
export const unquote = (cell: string): string => cell.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"');
