/**
 * Keras 3's `.weights.h5`: a group `layers/<class>_<number>/vars` for each layer, its weights by number, in the order
 * in which the layer makes them. keras/src/saving/saving_lib.py
 */
import type { WeightValues } from '@anke/nn';
import type { Dataset, File, Group } from 'h5wasm';
import { ExchangeError } from '../errors.js';
import { byName, type FoundLayer, type FoundWeights } from './assign.js';
import { withHdf5 } from './hdf5.js';
import { LAYER_WEIGHTS, typeOfName } from './names.js';

/**
 * The layers of a file that have weights.
 *
 * @param file what messages begin with
 * @throws ExchangeError if the bytes are none of Keras 3's, or have weights of a type of layer that is not known
 */
export async function readKerasWeights(file: string, bytes: Uint8Array): Promise<FoundWeights> {
  try {
    const layers = await withHdf5(bytes, (opened) => readLayers(file, opened, bytes.length));
    return { file, names: 'counted', layers };
  } catch (error) {
    if (error instanceof ExchangeError) throw error;
    throw new ExchangeError(`${file}: this is no HDF5 file, or it is damaged`, { cause: error });
  }
}

function readLayers(file: string, opened: File, length: number): FoundLayer[] {
  const layers = opened.get('layers') as Group | null;
  if (!layers?.keys) {
    const older = Object.keys(opened.attrs).includes('layer_names')
      ? ', but Keras 2’s: save it again with Keras 3'
      : '';
    throw new ExchangeError(`${file}: this is no .weights.h5 of Keras 3${older}`);
  }
  return layers
    .keys()
    .flatMap((name) => readLayer({ file, length }, name, layers.get(`${name}/vars`) as Group | null))
    .sort(byName);
}

/** Elements in a byte of the file, where they are packed as tightly as deflate can. */
const MOST_PACKED = 258;

/** The file that a layer lies in, and its length. */
interface Whole {
  readonly file: string;
  readonly length: number;
}

function readLayer({ file, length }: Whole, name: string, vars: Group | null): FoundLayer[] {
  const numbers = vars?.keys().sort((a, b) => Number(a) - Number(b)) ?? [];
  if (!vars || numbers.length === 0) return [];
  const type = typeOfName(name);
  if (type === undefined) throw new ExchangeError(`${file}: layers/${name} is of a kind that is not known here`);
  const known = LAYER_WEIGHTS[type]?.names ?? [];
  // The bias is the last, and not every layer has one.
  const least = known.at(-1) === 'bias' ? known.length - 1 : known.length;
  if (numbers.length < least || numbers.length > known.length) {
    const expected = least === known.length ? least : `${least} or ${known.length}`;
    throw new ExchangeError(`${file}: layers/${name} has ${numbers.length} weights instead of ${expected}`);
  }
  const weights = new Map<string, WeightValues>();
  numbers.forEach((number, i) => {
    const variable = `layers/${name}/vars/${number}`;
    const { shape, dtype } = vars.get(number) as Dataset;
    // Checked before it is read: memory for its elements would be taken first.
    const count = (shape ?? []).reduce((product, side) => product * side, 1);
    if (count > MOST_PACKED * length)
      throw new ExchangeError(`${file}: ${variable} would have ${count} elements, more than such a file can hold`);
    const { value } = vars.get(number) as Dataset;
    if (!(value instanceof Float32Array)) {
      throw new ExchangeError(`${file}: ${variable} is of type ${String(dtype)} instead of float32`);
    }
    weights.set(known[i] as string, { shape: shape ?? [], values: value });
  });
  return [{ name, types: [type], weights }];
}
