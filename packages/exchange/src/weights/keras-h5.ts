/**
 * Keras 3's `.weights.h5`: a group `layers/<class>_<number>/vars` for each layer, its weights by number, in the order
 * in which the layer makes them. keras/src/saving/saving_lib.py
 */
import type { WeightValues } from '@anke/nn';
import type { Dataset, File, Group } from 'h5wasm';
import { ExchangeError } from '../errors.js';
import { byName, type FoundLayer, type FoundWeights } from './assign.js';
import { LAYER_WEIGHTS, typeOfName } from './names.js';

/**
 * The layers of a file that have weights.
 *
 * @param file what messages begin with
 * @throws ExchangeError if the bytes are none of Keras 3's, or have weights of a type of layer that is not known
 */
export async function readKerasWeights(file: string, bytes: Uint8Array): Promise<FoundWeights> {
  const { default: hdf5 } = await import('h5wasm');
  const { FS, activate_throwing_error_handler } = await hdf5.ready;
  activate_throwing_error_handler();
  // HDF5's own code opens files by name: in a file system of its own, in memory.
  const name = 'weights.h5';
  FS.writeFile(name, bytes);
  let opened: File | undefined;
  try {
    opened = new hdf5.File(name, 'r');
    return { file, names: 'counted', layers: readLayers(file, opened) };
  } catch (error) {
    if (error instanceof ExchangeError) throw error;
    throw new ExchangeError(`${file}: this is no HDF5 file, or it is damaged`, { cause: error });
  } finally {
    opened?.close();
    FS.unlink(name);
  }
}

function readLayers(file: string, opened: File): FoundLayer[] {
  const layers = opened.get('layers') as Group | null;
  if (!layers?.keys) {
    const older = Object.keys(opened.attrs).includes('layer_names')
      ? ', but Keras 2’s: save it again with Keras 3'
      : '';
    throw new ExchangeError(`${file}: this is no .weights.h5 of Keras 3${older}`);
  }
  return layers
    .keys()
    .flatMap((name) => readLayer(file, name, layers.get(`${name}/vars`) as Group | null))
    .sort(byName);
}

function readLayer(file: string, name: string, vars: Group | null): FoundLayer[] {
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
    const { value, shape, dtype } = vars.get(number) as Dataset;
    if (!(value instanceof Float32Array)) {
      const variable = `layers/${name}/vars/${number}`;
      throw new ExchangeError(`${file}: ${variable} is of type ${String(dtype)} instead of float32`);
    }
    weights.set(known[i] as string, { shape: shape ?? [], values: value });
  });
  return [{ name, types: [type], weights }];
}
