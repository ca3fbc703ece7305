/** Arrays of float32 in an HDF5 file. */
import type { WeightValues } from '@anke/nn';
import type { Dataset } from 'h5wasm';
import { ExchangeError } from '../errors.js';

/** Elements in a byte of the file, where they are packed as tightly as deflate can. */
const MOST_PACKED = 258;

/** The file that an array lies in, and its length in bytes. */
export interface Whole {
  readonly file: string;
  readonly length: number;
}

/**
 * @param path the array's name in the file, for messages
 * @throws ExchangeError if it is no array of float32, or larger than the file can hold
 */
export function floatsOf({ file, length }: Whole, path: string, dataset: Dataset): WeightValues {
  const { shape, dtype } = dataset;
  // Checked before it is read: memory for its elements would be taken first.
  const count = (shape ?? []).reduce((product, side) => product * side, 1);
  if (count > MOST_PACKED * length)
    throw new ExchangeError(`${file}: ${path} would have ${count} elements, more than such a file can hold`);
  const { value } = dataset;
  if (!(value instanceof Float32Array))
    throw new ExchangeError(`${file}: ${path} is of type ${String(dtype)} instead of float32`);
  return { shape: shape ?? [], values: value };
}
