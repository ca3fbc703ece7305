/**
 * Keras's files of weights. Keras 3's `.weights.h5` has a group `layers/<class>_<number>/vars` for each layer, its
 * weights by number, in the order in which the layer makes them: keras/src/saving/saving_lib.py. Those of Keras 2 are
 * read by `keras-2-h5.ts`.
 */
import type { WeightValues } from '@anke/nn';
import type { Dataset, File, Group } from 'h5wasm';
import { ExchangeError } from '../errors.js';
import { byName, type FoundLayer, type FoundWeights } from './assign.js';
import { floatsOf, type Whole } from './float-dataset.js';
import { withHdf5 } from './hdf5.js';
import { readKeras2Layers } from './keras-2-h5.js';
import { LAYER_WEIGHTS, typeOfName, UNNEEDED_WEIGHT } from './names.js';

/**
 * The layers of a file that have weights.
 *
 * @param file what messages begin with
 * @throws ExchangeError if the bytes are none of Keras's, or have weights of a type of layer that is not known
 */
export async function readKerasWeights(file: string, bytes: Uint8Array): Promise<FoundWeights> {
  try {
    const whole = { file, length: bytes.length };
    return await withHdf5(bytes, (opened): FoundWeights => {
      const older = readKeras2Layers(whole, opened);
      return older
        ? { file, names: 'listed', layers: older }
        : { file, names: 'counted', layers: readLayers(whole, opened) };
    });
  } catch (error) {
    if (error instanceof ExchangeError) throw error;
    throw new ExchangeError(`${file}: this is no HDF5 file, or it is damaged`, { cause: error });
  }
}

function readLayers(whole: Whole, opened: File): FoundLayer[] {
  const layers = opened.get('layers') as Group | null;
  if (!layers?.keys) throw new ExchangeError(`${whole.file}: this is no file of weights from Keras`);
  return layers
    .keys()
    .flatMap((name) => readLayer(whole, name, layers.get(`${name}/vars`) as Group | null))
    .sort(byName);
}

function readLayer(whole: Whole, name: string, vars: Group | null): FoundLayer[] {
  const { file } = whole;
  const numbers = vars?.keys().sort((a, b) => Number(a) - Number(b)) ?? [];
  if (!vars || numbers.length === 0) return [];
  const type = typeOfName(name);
  if (type === undefined) throw new ExchangeError(`${file}: layers/${name} is of a kind that is not known here`);
  const { names: known = [], optional = [] } = LAYER_WEIGHTS[type] ?? {};
  const least = known.length - optional.length;
  if (numbers.length < least || numbers.length > known.length) {
    const range = least + 1 < known.length ? `${least} to ${known.length}` : `${least} or ${known.length}`;
    const expected = least === known.length ? least : range;
    throw new ExchangeError(`${file}: layers/${name} has ${numbers.length} weights instead of ${expected}`);
  }
  const weights = new Map<string, WeightValues>();
  numbers.forEach((number, i) => {
    if (known[i] === UNNEEDED_WEIGHT) return;
    const variable = `layers/${name}/vars/${number}`;
    weights.set(known[i] as string, floatsOf(whole, variable, vars.get(number) as Dataset));
  });
  return [{ name, types: [type], weights }];
}
