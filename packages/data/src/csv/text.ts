/** Cells of a CSV file as text. */

const decoder = new TextDecoder();

/** Bytes as text, without a line end that is left over. */
export const text = (bytes: Uint8Array, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end)).replace(/\r$/, '');

/** Quotes around all of a cell, and each that is meant written twice (RFC 4180, 2.7). */
const QUOTED = /^"((?:[^"]|"")*)"$/;

/** A cell's content: without the quotes around it, and with one for two in it; undefined if its quotes are wrong. */
export function unquote(cell: string): string | undefined {
  if (!cell.includes('"')) return cell;
  return QUOTED.exec(cell)?.[1]?.replaceAll('""', '"');
}
