/**
 * Reads CSV files of images: a header (`header.ts`), then a row an image, a pixel 0 … 255 in each cell.
 *
 * Bytes go straight into a typed array: no cell becomes a string, unless an error has to show it. They come in pieces,
 * of which only a row that was cut in two is kept. Most pixels of handwriting are 0, so that `0,0,0,0,` is compared as
 * one 64-bit number, and other cells are taken from 32 bits at once, without a branch for their length (which gained a
 * quarter). Whatever does not look like that goes to the slow reader, which knows quotes, blanks and every error. Timed
 * by `pnpm anke bench csv FILE`.
 *
 * Line ends may be LF or CRLF, a byte order mark may come first, cells may be quoted, the last line end may be missing.
 */
import { quoted } from '@anke/messages';
import { ImageDataset } from '../dataset.js';
import { DataError } from '../errors.js';
import { LABEL_RANGE, MOST_CLASSES } from '../labels.js';
import { type Header, type HeaderOptions, readHeader } from './header.js';
import { text, unquote } from './text.js';

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;

const COMMAS = 0x2c2c2c2c;
const ZEROS = 0x30303030;
const HIGH_BITS = 0x80808080;
/** `0,0,0,0,` as a little-endian float64: an ordinary number, so that equal bytes compare as equal. */
const FOUR_ZEROS = new Float64Array(
  Uint8Array.of(ZERO, COMMA, ZERO, COMMA, ZERO, COMMA, ZERO, COMMA).buffer,
)[0] as number;

/** No row of an image is longer; what is, is no CSV file. */
export const LONGEST_LINE = 2 ** 26;

/** No number in such a file needs more digits. */
const MOST_DIGITS = 9;
const INTEGER = /^\s*\d{1,9}\s*$/;

export interface CsvOptions extends HeaderOptions {
  /** Passes over this many rows, whatever is in them. */
  readonly skip?: number;
  /** Reads at most this many rows. */
  readonly limit?: number;
}

/** Takes a file piece by piece. */
export class CsvParser {
  readonly #limit: number;
  readonly #skip: number;
  #passed = 0;
  #header: Header | undefined;
  #pixels = new Uint8Array();
  #labels = new Uint32Array();
  readonly #ids: string[] = [];
  #rows = 0;
  /** The beginning of a line whose end has not come yet. */
  #carry = new Uint8Array(2 ** 14);
  #carried = 0;
  #started = false;
  /** A line without content; only at the end may there be any. */
  #blank = 0;
  #line = 0;
  /** A row's pixels in the order of the columns, where that is not theirs. */
  #scratch = new Uint8Array();

  /**
   * @param file its name, for messages
   * @param bytes the file's length, if it is known: used to reserve memory for the rows
   */
  constructor(
    readonly file: string,
    readonly options: CsvOptions = {},
    readonly bytes?: number,
  ) {
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#skip = options.skip ?? 0;
  }

  /** Rows that were passed over. */
  get passed(): number {
    return this.#passed;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Whether all rows that were asked for have been read. */
  get full(): boolean {
    return this.#rows >= this.#limit;
  }

  /**
   * Reads a piece; its memory may be used for something else afterwards.
   *
   * @throws DataError at the first thing that is wrong, with file, line, column and value
   */
  push(piece: Uint8Array): void {
    if (this.full) return;
    let offset = 0;
    if (this.#carried > 0) {
      const end = piece.indexOf(LINE_FEED);
      this.#keep(piece, 0, end < 0 ? piece.length : end + 1);
      if (end < 0) return;
      offset = end + 1;
      const length = this.#carried;
      this.#carried = 0;
      this.#lines(this.#carry, length);
    }
    const end = piece.lastIndexOf(LINE_FEED) + 1;
    if (end > offset) this.#lines(piece.subarray(offset), end - offset);
    if (!this.full) this.#keep(piece, Math.max(offset, end), piece.length);
  }

  /**
   * What has been read, after the last piece.
   *
   * @throws DataError if the last line is wrong, or there are no rows
   */
  end(): ImageDataset {
    const { file } = this;
    if (this.#carried > 0 && !this.full) {
      this.#keep(Uint8Array.of(LINE_FEED), 0, 1);
      this.#lines(this.#carry, this.#carried);
    }
    const header = this.#header;
    if (!header) throw new DataError(`${file}: the file is empty`);
    if (this.#rows === 0) {
      const has = this.#passed > 0 ? `no more than ${this.#passed} rows` : 'a header, but no rows';
      throw new DataError(`${file}: line ${2 + this.#passed} is missing: the file has ${has}`);
    }
    const has = (kind: string): boolean => header.parts.some((part) => part.kind === kind);
    return new ImageDataset(file, header.shape, this.#pixels.subarray(0, this.#rows * header.pixels), {
      labels: has('label') ? this.#labels.subarray(0, this.#rows) : undefined,
      ids: has('id') ? this.#ids : undefined,
    });
  }

  /** Keeps the beginning of a line. */
  #keep(piece: Uint8Array, start: number, end: number): void {
    const length = this.#carried + end - start;
    if (length > LONGEST_LINE) {
      throw new DataError(
        `${this.file}, line ${this.#line + 1}: it is longer than ${LONGEST_LINE / 2 ** 20} MiB; ` +
          'this is no CSV file of images',
      );
    }
    if (length > this.#carry.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#carry.length));
      larger.set(this.#carry.subarray(0, this.#carried));
      this.#carry = larger;
    }
    this.#carry.set(piece.subarray(start, end), this.#carried);
    this.#carried = length;
  }

  /** Reads whole lines: `bytes` up to `end`, which is behind a line feed. */
  #lines(bytes: Uint8Array, end: number): void {
    let offset = 0;
    if (!this.#started) {
      this.#started = true;
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) offset = 3;
      if (isBlank(bytes, offset)) {
        const isEmpty = end - offset <= 2;
        const problem = isEmpty ? 'the file is empty' : 'line 1 is empty, where the columns’ names are expected';
        throw new DataError(`${this.file}: ${problem}`);
      }
    }
    if (!this.#header) {
      const lineEnd = bytes.indexOf(LINE_FEED, offset);
      this.#header = readHeader(this.file, text(bytes, offset, lineEnd), this.options);
      this.#line = 1;
      this.#scratch = new Uint8Array(this.#header.order ? this.#header.pixels : 0);
      this.#reserve(this.#rowsAtMost(this.#header), this.#header);
      offset = lineEnd + 1;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const header = this.#header;
    const capacity = (): number => this.#pixels.length / header.pixels;
    while (offset < end && !this.full) {
      this.#line++;
      if (isBlank(bytes, offset)) {
        this.#blank ||= this.#line;
        offset = bytes.indexOf(LINE_FEED, offset) + 1;
        continue;
      }
      if (this.#blank > 0) {
        throw new DataError(
          `${this.file}, line ${this.#blank}: the row is too short: it ends after 0 of ` +
            `${header.columns.length} cells, before column "${header.columns[0]}"`,
        );
      }
      if (this.#passed < this.#skip) {
        this.#passed++;
        offset = bytes.indexOf(LINE_FEED, offset) + 1;
        continue;
      }
      if (this.#rows === capacity()) this.#reserve(2 * this.#rows, header);
      offset = this.#row(bytes, view, offset, header);
      this.#rows++;
    }
  }

  /** How many rows may come: a cell takes two bytes or more. */
  #rowsAtMost({ columns }: Header): number {
    const rows = this.bytes === undefined ? 1024 : Math.ceil(this.bytes / (2 * columns.length)) + 1;
    return Math.min(rows, this.#limit);
  }

  /** Memory for so many rows; the system hands it out when it is first written. */
  #reserve(rows: number, { pixels }: Header): void {
    const larger = new Uint8Array(rows * pixels);
    larger.set(this.#pixels);
    this.#pixels = larger;
    const labels = new Uint32Array(rows);
    labels.set(this.#labels);
    this.#labels = labels;
  }

  /** Reads a row, and returns the offset behind its line feed. */
  #row(bytes: Uint8Array, view: DataView, start: number, header: Header): number {
    const { parts, order, pixels: length } = header;
    let offset = start;
    let column = 0;
    const rowStart = this.#rows * length;
    const pixels = order ? this.#scratch.fill(0) : this.#pixels;
    let out = order ? 0 : rowStart;
    for (const part of parts) {
      if (part.kind !== 'pixels') {
        offset = this.#key(bytes, offset, column, header, part.kind);
        column++;
        continue;
      }
      const first = out;
      const end = out + part.count;
      // The row's last cell must have no comma behind it: that one is for the slow reader.
      const usual = part === parts.at(-1) ? end - 1 : end;
      while (out < end) {
        offset = this.#usual(view, offset, pixels, out, usual);
        out = this.#reached;
        if (out === end) break;
        const at = column + out - first;
        const value = this.#number(bytes, offset, at, header);
        if (!(value <= 255))
          throw this.#cellError(header, at, this.#cell(bytes, offset, at, header).content, 'an integer in 0 … 255');
        pixels[out++] = value;
        offset = this.#reached + 1;
      }
      column += part.count;
    }
    if (order) for (let i = 0; i < length; i++) this.#pixels[rowStart + (order[i] as number)] = pixels[i] as number;
    return offset;
  }

  /** Where the last reader of cells has got to: a second result, without an object for each cell. */
  #reached = 0;

  /**
   * Reads cells of one to three digits with a comma behind them into `pixels[out … end-1]`, whose elements are 0; stops
   * at the first that is anything else.
   *
   * @returns the offset of that cell
   */
  #usual(view: DataView, start: number, pixels: Uint8Array, first: number, end: number): number {
    let offset = start;
    let out = first;
    const last = view.byteLength - 8;
    while (out < end && offset <= last) {
      if (view.getFloat64(offset, true) === FOUR_ZEROS && out + 4 <= end) {
        offset += 8;
        out += 4;
        continue;
      }
      // A cell of up to three digits is in the next four bytes with its comma. Where that comma is, is computed without
      // a branch: lengths follow no pattern that a processor could guess. A byte of x is 0 where the comma is, and
      // (x − 1) & ~x has its highest bit set there (Warren, *Hacker's Delight*, 6-1).
      const word = view.getUint32(offset, true);
      const x = word ^ COMMAS;
      const commas = (x - 0x01010101) & ~x & HIGH_BITS;
      const bits = 24 - Math.clz32(commas & -commas); // of the digits before the first comma: 8, 16 or 24
      // The digits' values in the upper bytes, the last digit uppermost.
      const digits = (word ^ ZEROS) << (32 - bits);
      const value = (digits >>> 24) + 10 * ((digits >>> 16) & 0xff) + 100 * ((digits >>> 8) & 0xff);
      if (commas === 0 || bits === 0 || ((digits + 0x76767676) | digits) & HIGH_BITS || value > 255) break;
      pixels[out++] = value;
      offset += (bits >>> 3) + 1;
    }
    this.#reached = out;
    return offset;
  }

  /** Reads a label or an id, and returns the offset of the next cell. */
  #key(bytes: Uint8Array, start: number, column: number, header: Header, kind: 'label' | 'id'): number {
    if (kind === 'label') {
      const label = this.#number(bytes, start, column, header);
      if (!(label < MOST_CLASSES))
        throw this.#cellError(header, column, this.#cell(bytes, start, column, header).content, LABEL_RANGE);
      this.#labels[this.#rows] = label;
      return this.#reached + 1;
    }
    const { content, end } = this.#cell(bytes, start, column, header);
    if (content === '') throw this.#cellError(header, column, content, 'an id');
    this.#ids.push(content);
    return end + 1;
  }

  /** The whole number in a cell, or NaN; the offset of the comma or line feed behind it is where it has reached. */
  #number(bytes: Uint8Array, start: number, column: number, header: Header): number {
    let offset = start;
    let value = 0;
    for (
      let digit = (bytes[offset] as number) - ZERO;
      digit >>> 0 <= 9 && offset < start + MOST_DIGITS;
      digit = (bytes[offset] as number) - ZERO
    ) {
      value = 10 * value + digit;
      offset++;
    }
    const hasDigits = offset > start;
    if (bytes[offset] === RETURN && bytes[offset + 1] === LINE_FEED) offset++;
    const last = column === header.columns.length - 1;
    if (hasDigits && bytes[offset] === (last ? LINE_FEED : COMMA)) {
      this.#reached = offset;
      return value;
    }
    const { content, end } = this.#cell(bytes, start, column, header);
    this.#reached = end;
    return INTEGER.test(content) ? Number(content) : Number.NaN;
  }

  /** Any cell, with quotes or blanks or faulty; `end` is the offset of the comma or line feed behind it. */
  #cell(
    bytes: Uint8Array,
    start: number,
    column: number,
    header: Header,
  ): { readonly content: string; readonly end: number } {
    const { columns } = header;
    const where = `${this.file}, line ${this.#line}`;
    let end = start;
    let open = false;
    for (; bytes[end] !== LINE_FEED; end++) {
      if (bytes[end] === QUOTE) open = !open;
      if (bytes[end] === COMMA && !open) break;
    }
    const cell = text(bytes, start, end).trim();
    if (open) throw this.#cellError(header, column, cell, 'a closing quote');
    const last = column === columns.length - 1;
    const atLineEnd = bytes[end] === LINE_FEED;
    if (atLineEnd && !last) {
      throw new DataError(
        `${where}: the row is too short: it ends after ${column + 1} of ${columns.length} cells, ` +
          `before column "${columns[column + 1]}"`,
      );
    }
    if (!atLineEnd && last) {
      const rest = text(bytes, end + 1, bytes.indexOf(LINE_FEED, end + 1));
      throw new DataError(
        `${where}: the row is too long: ${quoted(rest)} follows after the last column "${columns[column]}"`,
      );
    }
    const content = unquote(cell);
    if (content === undefined) throw this.#cellError(header, column, cell, 'quotes around all of a cell, or none');
    return { content, end };
  }

  #cellError({ columns }: Header, column: number, value: string, expected: string): DataError {
    return new DataError(
      `${this.file}, line ${this.#line}, column "${columns[column]}": expected ${expected}, found ${quoted(value)}`,
    );
  }
}

/** Whether the line at this offset has no content. */
const isBlank = (bytes: Uint8Array, offset: number): boolean =>
  bytes[offset] === LINE_FEED || (bytes[offset] === RETURN && bytes[offset + 1] === LINE_FEED);

/**
 * Reads a file that lies in memory.
 *
 * @throws DataError at the first thing that is wrong, with file, line, column and value
 */
export function parseCsv(file: string, bytes: Uint8Array, options: CsvOptions = {}): ImageDataset {
  const parser = new CsvParser(file, options, bytes.length);
  parser.push(bytes);
  return parser.end();
}
