/**
 * IDX, the format of MNIST's own files (LeCun, Cortes, Burges, *The MNIST database*, "File formats"): two zero bytes,
 * the elements' type, the number of axes, their lengths as big-endian 32-bit numbers, then the elements, big-endian
 * too.
 */
import { DataError } from '../errors.js';
import { checkLength, ELEMENT_BYTES, type NumberArray } from './arrays.js';

const TYPES: Readonly<Record<number, NumberArray['type']>> = { 8: 'uint8', 9: 'int8', 11: 'int16', 12: 'int32' };
const MOST_AXES = 4;

export const isIdx = (head: Uint8Array): boolean =>
  head[0] === 0 && head[1] === 0 && (head[2] ?? 0) >= 0x08 && (head[2] ?? 0) <= 0x0e;

/** @throws DataError if the file is no IDX file, or not whole */
export function parseIdx(source: string, bytes: Uint8Array): NumberArray {
  const fail = (problem: string): DataError => new DataError(`${source}: ${problem}`);
  if (!isIdx(bytes)) throw fail('this is no IDX file: it must begin with two zero bytes and a type');
  const type = TYPES[bytes[2] as number];
  if (!type) throw fail(`elements of type 0x${(bytes[2] as number).toString(16)} are not known, only whole numbers`);
  const axes = bytes[3] ?? 0;
  if (axes < 1 || axes > MOST_AXES) throw fail(`an array of ${axes} axes is no array of labels or images`);
  const start = 4 + 4 * axes;
  if (bytes.length < start) throw fail('its end is missing: the lengths of the axes are not all there');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: axes }, (_, i) => view.getUint32(4 + 4 * i));
  checkLength(source, shape, ELEMENT_BYTES[type], bytes.length - start);
  return { source, shape, type, littleEndian: false, bytes: bytes.subarray(start) };
}
