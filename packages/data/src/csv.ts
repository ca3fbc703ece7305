/**
 * Reads CSV files of images: a header, then a row an image with its label or id first and a pixel in each other column.
 *
 * Bytes go straight into a typed array: no cell becomes a string, unless an error has to show it. Line ends may be LF or
 * CRLF, a byte order mark may come first, cells may be quoted, and the last line end may be missing.
 */
import { ImageDataset } from './dataset.js';
import { DataError } from './errors.js';

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const MOST_SHOWN = 24;

export interface CsvOptions {
  /** The first column: labels to learn from, or the ids of images without labels. */
  readonly first: 'label' | 'id';
  /** Labels are 0 … classes-1. */
  readonly classes?: number;
  /** Reads at most this many rows. */
  readonly limit?: number;
  /** Is told bytes read and bytes in all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Rows between two reports of progress. */
const REPORT_ROWS = 4096;

/**
 * @param file the file's name, for messages
 * @param bytes the whole file
 * @throws DataError at the first thing that is wrong, with file, line, column and value
 */
export function parseCsv(file: string, bytes: Uint8Array, options: CsvOptions): ImageDataset {
  const { first, classes = 10, limit = Number.POSITIVE_INFINITY, onProgress } = options;
  const begin = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  if (bytes.length === begin) throw new DataError(`${file}: the file is empty`);

  const headerEnd = lineEnd(bytes, begin);
  const columns = readHeader(file, text(bytes, begin, headerEnd), first);
  const pixelCount = columns.length - 1;
  const side = Math.sqrt(pixelCount);

  const rows = Math.min(limit, countRows(bytes, headerEnd + 1));
  if (rows === 0) throw new DataError(`${file}: line 2 is missing: the file has a header, but no rows`);
  const pixels = new Uint8Array(rows * pixelCount);
  const labels = first === 'label' ? new Uint8Array(rows) : undefined;
  const ids: string[] | undefined = first === 'id' ? [] : undefined;

  let place = headerEnd + 1;
  for (let row = 0; row < rows; row++) {
    const line = row + 2;
    if (onProgress && row % REPORT_ROWS === 0) onProgress(place, bytes.length);
    let out = row * pixelCount;
    for (let column = 0; column < columns.length; column++) {
      // The usual cell: one to three digits, then a comma or the line's end.
      const cell = place;
      let value = 0;
      let byte = bytes[place];
      while (byte !== undefined && byte >= ZERO && byte <= NINE && value < 1000) {
        value = value * 10 + byte - ZERO;
        byte = bytes[++place];
      }
      if (byte === RETURN && bytes[place + 1] === LINE_FEED) byte = bytes[++place];
      const last = column === columns.length - 1;
      const ends = last ? byte === LINE_FEED || byte === undefined : byte === COMMA;
      if (place === cell || !ends || value > 255 || column === 0) {
        const read = readUnusualCell(file, bytes, cell, line, column, columns);
        place = read.end;
        if (column === 0 && ids) {
          if (read.content === '') throw cellError(file, line, columns, column, read.content, 'an id');
          ids.push(read.content);
          place++;
          continue;
        }
        value = integer(read.content);
        const largest = column === 0 ? classes - 1 : 255;
        if (!(value <= largest)) {
          const wanted = column === 0 ? `a label in 0 … ${largest}` : 'an integer in 0 … 255';
          throw cellError(file, line, columns, column, read.content, wanted);
        }
      }
      if (column === 0) (labels as Uint8Array)[row] = value;
      else pixels[out++] = value;
      place++;
    }
  }
  onProgress?.(bytes.length, bytes.length);
  return new ImageDataset(file, [side, side, 1], pixels, labels, ids);
}

/** The columns' names. */
function readHeader(file: string, line: string, first: 'label' | 'id'): string[] {
  const names = line.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  if (names[0] !== first) {
    throw new DataError(
      `${file}, line 1: the column "${first}" is missing: the first column is "${shorten(names[0] ?? '')}"`,
    );
  }
  names.slice(1).forEach((name, i) => {
    if (name !== `pixel${i}`) {
      throw new DataError(`${file}, line 1: the column "pixel${i}" is missing: column ${i + 2} is "${shorten(name)}"`);
    }
  });
  const pixels = names.length - 1;
  if (pixels === 0) throw new DataError(`${file}, line 1: the column "pixel0" is missing: there is only "${first}"`);
  const side = Math.floor(Math.sqrt(pixels));
  if (side * side !== pixels) {
    throw new DataError(
      `${file}, line 1: the column "pixel${pixels}" is missing: ${pixels} pixels make no square image (${side} × ${side} has ${side * side}, ${side + 1} × ${side + 1} has ${(side + 1) ** 2})`,
    );
  }
  return names;
}

/** Lines that hold anything, from `start` on; the file may end with blank ones. */
function countRows(bytes: Uint8Array, start: number): number {
  let end = bytes.length;
  while (end > start && (bytes[end - 1] === LINE_FEED || bytes[end - 1] === RETURN)) end--;
  if (end <= start) return 0;
  let rows = 1;
  for (let i = bytes.indexOf(LINE_FEED, start); i >= 0 && i < end; i = bytes.indexOf(LINE_FEED, i + 1)) rows++;
  return rows;
}

const lineEnd = (bytes: Uint8Array, start: number): number => {
  const end = bytes.indexOf(LINE_FEED, start);
  return end < 0 ? bytes.length : end;
};

/** A cell with quotes or blanks, an id, or a faulty one; `end` is the place of the comma or line end behind it. */
function readUnusualCell(
  file: string,
  bytes: Uint8Array,
  start: number,
  line: number,
  column: number,
  columns: readonly string[],
): { readonly content: string; readonly end: number } {
  let end = start;
  let quoted = false;
  for (; end < bytes.length; end++) {
    const byte = bytes[end];
    if (byte === QUOTE) quoted = !quoted;
    if (byte === LINE_FEED || (byte === COMMA && !quoted)) break;
  }
  const cell = text(bytes, start, end).replace(/\r$/, '').trim();
  if (quoted) throw cellError(file, line, columns, column, cell, 'a closing quote');
  const last = column === columns.length - 1;
  const atLineEnd = bytes[end] !== COMMA;
  if (atLineEnd && !last) {
    const cells = cell === '' && column === 0 ? 0 : column + 1;
    throw new DataError(
      `${file}, line ${line}: the row is too short: it ends after ${cells} of ${columns.length} cells, before column "${columns[cells]}"`,
    );
  }
  if (!atLineEnd && last) {
    const rest = text(bytes, end + 1, lineEnd(bytes, end + 1)).replace(/\r$/, '');
    throw new DataError(
      `${file}, line ${line}: the row is too long: "${shorten(rest)}" follows after the last column "${columns[column]}"`,
    );
  }
  return { content: cell.replace(/^"(.*)"$/, '$1').replaceAll('""', '"'), end };
}

/** The whole number that a cell writes, or NaN. */
const integer = (cell: string): number => (/^\d{1,9}$/.test(cell.trim()) ? Number(cell) : Number.NaN);

const cellError = (
  file: string,
  line: number,
  columns: readonly string[],
  column: number,
  value: string,
  wanted: string,
): DataError =>
  new DataError(`${file}, line ${line}, column "${columns[column]}": expected ${wanted}, found "${shorten(value)}"`);

const shorten = (value: string): string => (value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}…` : value);

const decoder = new TextDecoder();
/** Bytes as text; a line end that is left over is cut off. */
const text = (bytes: Uint8Array, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end)).replace(/\r$/, '');
