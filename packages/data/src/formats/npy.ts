/**
 * NumPy's files: `.npy` holds one array, `.npz` is a zip archive of them, which the caller unpacks. The format is
 * described in NumPy's `numpy/lib/format.py`: a magic string, a version, the length of a header, the header (a Python
 * dictionary), the elements.
 */
import { DataError } from '../errors.js';
import { readWhole, type SourceFile } from '../source.js';
import { checkLength, ELEMENT_BYTES, type NumberArray } from './arrays.js';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const TYPES: Readonly<Record<string, NumberArray['type']>> = {
  u1: 'uint8',
  b1: 'uint8',
  i1: 'int8',
  u2: 'uint16',
  i2: 'int16',
  u4: 'uint32',
  i4: 'int32',
  u8: 'uint64',
  i8: 'int64',
};

export const isNpy = (head: Uint8Array): boolean => MAGIC.every((byte, i) => head[i] === byte);

/** @throws DataError if the file is no NumPy array of whole numbers, or not whole */
export function parseNpy(source: string, bytes: Uint8Array): NumberArray {
  const fail = (problem: string): DataError => new DataError(`${source}: ${problem}`);
  if (!isNpy(bytes)) throw fail('this is no NumPy file: it does not begin with \\x93NUMPY');
  const version = bytes[6] ?? 0;
  const wide = version >= 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerStart = wide ? 12 : 10;
  if (bytes.length < headerStart) throw fail('its end is missing: the header is not whole');
  if (version < 1 || version > 3) throw fail(`version ${version} of NumPy’s format is not known`);
  const start = headerStart + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (bytes.length < start) throw fail('its end is missing: the header is not whole');
  const header = new TextDecoder('latin1').decode(bytes.subarray(headerStart, Math.min(start, headerStart + 2 ** 16)));

  const entries = entriesOf(header);
  const descr = /^'([<>|=])(\w{1,8})'$/.exec(entries?.get('descr') ?? '');
  const shapeText = /^\(([\d, L]{0,200})\)$/.exec(entries?.get('shape') ?? '')?.[1];
  const fortran = entries?.get('fortran_order');
  if (entries?.size !== 3 || !descr || shapeText === undefined || !/^(True|False)$/.test(fortran ?? ''))
    throw fail('its header does not tell the elements’ type, their order and the shape');
  const type = TYPES[descr[2] as string];
  if (!type)
    throw fail(`elements of type "${descr[1]}${descr[2]}" are not known, only whole numbers; save images as uint8`);
  // A shape of one axis ends with a comma, as tuples of Python do; Python 2 wrote L behind numbers.
  const sides = shapeText.replace(/,\s*$/, '').split(',');
  const isShape = sides.every((side) => /^ *(0|[1-9]\d{0,14})L? *$/.test(side)) && shapeText.includes(',');
  if (!isShape) throw fail(`the shape (${shapeText}) is no array’s`);
  const shape = sides.map((side) => Number.parseInt(side, 10));
  if (fortran === 'True' && shape.filter((side) => side > 1).length > 1)
    throw fail('its elements lie in Fortran’s order; save numpy.ascontiguousarray of it');
  checkLength(source, shape, ELEMENT_BYTES[type], bytes.length - start);
  return { source, shape, type, littleEndian: descr[1] !== '>', bytes: bytes.subarray(start) };
}

/** A part of the header, a Python dictionary: a name and its value, which is text, a word or a tuple of numbers. */
const ENTRY = / *'(\w+)' *: *('[^']*'|\w+|\([^()]*\)) *(,|(?=\}))/y;

/** The values of the header by their names; undefined if it is no such dictionary. */
function entriesOf(header: string): Map<string, string> | undefined {
  // NumPy fills the header up with blanks and ends it with a line feed.
  const text = header.replace(/[ \n]+$/, '');
  const entries = new Map<string, string>();
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  ENTRY.lastIndex = 1;
  while (!/^ *\}$/.test(text.slice(ENTRY.lastIndex))) {
    const [, name, value] = ENTRY.exec(text) ?? [];
    if (name === undefined || value === undefined || entries.has(name)) return undefined;
    entries.set(name, value);
  }
  return entries;
}

/** Whether a file is a zip archive, with entries or without, as `.npz` files are. */
export const isNpz = (head: Uint8Array): boolean =>
  head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));

/** The files of a zip archive that lies in memory. */
export type Unzip = (name: string, bytes: Uint8Array) => AsyncIterable<SourceFile>;

/**
 * The arrays of a `.npz` file, by name.
 *
 * @param entries the archive's files
 * @throws DataError if one of them is no NumPy array, or not whole
 */
export async function* parseNpz(
  source: string,
  entries: AsyncIterable<SourceFile>,
): AsyncGenerator<{ readonly key: string; readonly array: NumberArray }> {
  for await (const file of entries) {
    const key = file.name.replace(/\.npy$/, '');
    yield { key, array: parseNpy(`${source}, ${key}`, await readWhole(file)) };
  }
}
