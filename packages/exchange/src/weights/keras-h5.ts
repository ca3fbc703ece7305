/**
 * Keras 3's `.weights.h5`: a group `layers/<class>_<number>/vars` for each layer, its weights by number, in the order
 * in which the layer makes them. keras/src/saving/saving_lib.py
 */
import type { WeightValues } from '@anke/nn';
import type { Dataset, File, Group } from 'h5wasm';
import { ExchangeError } from '../errors.js';
import { byName, type FoundLayer } from './assign.js';

const PRODUCT = ['kernel', 'bias'];

/** The weights of each type of layer, by this project's names, in Keras's order. */
const WEIGHTS: Readonly<Record<string, readonly string[]>> = {
  Conv2D: PRODUCT,
  BatchNormalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  MaxPooling2D: [],
  Flatten: [],
  Dense: PRODUCT,
  Dropout: [],
  Activation: [],
};

/** Keras's name of a type in such a file: `batch_normalization`, `conv2d`. keras/src/utils/naming.py, to_snake_case */
const groupName = (type: string): string => type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();

const TYPES = new Map(Object.keys(WEIGHTS).map((type) => [groupName(type), type]));

/**
 * The layers of a file that have weights.
 *
 * @param file what messages begin with
 * @throws ExchangeError if the bytes are none of Keras 3's, or have weights of a type of layer that is not known
 */
export async function readKerasWeights(file: string, bytes: Uint8Array): Promise<FoundLayer[]> {
  const { default: hdf5 } = await import('h5wasm');
  const { FS, activate_throwing_error_handler } = await hdf5.ready;
  activate_throwing_error_handler();
  // HDF5's own code opens files by name: in a file system of its own, in memory.
  const name = 'weights.h5';
  FS.writeFile(name, bytes);
  let opened: File | undefined;
  try {
    opened = new hdf5.File(name, 'r');
    return readLayers(file, opened);
  } catch (error) {
    throw error instanceof ExchangeError ? error : new ExchangeError(`${file}: this is no HDF5 file, or it is damaged`);
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
  const type = TYPES.get(name.replace(/_\d+$/, ''));
  if (type === undefined) throw new ExchangeError(`${file}: layers/${name} is of a kind that is not known here`);
  const known = WEIGHTS[type] as readonly string[];
  if (numbers.length !== known.length)
    throw new ExchangeError(`${file}: layers/${name} has ${numbers.length} weights instead of ${known.length}`);
  const weights = new Map<string, WeightValues>();
  numbers.forEach((number, i) => {
    const { value, shape, dtype } = vars.get(number) as Dataset;
    if (!(value instanceof Float32Array)) {
      const variable = `layers/${name}/vars/${number}`;
      throw new ExchangeError(`${file}: ${variable} is of type ${String(dtype)} instead of float32`);
    }
    weights.set(known[i] as string, { shape: shape ?? [], values: value });
  });
  return [{ name, type, weights }];
}
