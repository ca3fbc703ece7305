/**
 * Keras 3's `.weights.h5`: a group `layers/<class>_<number>/vars` for each layer, its weights by number, in the order in which the
 * layer makes them. keras/src/saving/saving_lib.py
 */
import { resolve } from 'node:path';
import type { WeightValues } from '@anke/nn';
import type { Dataset, File, Group } from 'h5wasm/node';
import { CommandError } from '../errors.js';
import { byName, type FoundLayer, type Kind } from './named.js';

const KINDS: Readonly<Record<string, { readonly kind: Kind; readonly weights: readonly string[] }>> = {
  conv2d: { kind: 'Conv2D', weights: ['kernel', 'bias'] },
  batch_normalization: { kind: 'BatchNormalization', weights: ['gamma', 'beta', 'moving_mean', 'moving_variance'] },
  dense: { kind: 'Dense', weights: ['kernel', 'bias'] },
};

/** @throws CommandError if the file is none of Keras 3's, or has weights of a kind of layer that is not known */
export async function readKerasWeights(path: string): Promise<FoundLayer[]> {
  const { default: hdf5, ready } = await import('h5wasm/node');
  (await ready).activate_throwing_error_handler();
  let file: File | undefined;
  try {
    file = new hdf5.File(resolve(path), 'r');
    const layers = file.get('layers') as Group | null;
    if (!layers?.keys) {
      const older = Object.keys(file.attrs).includes('layer_names')
        ? ', but Keras 2’s: save it again with Keras 3'
        : '';
      throw new CommandError(`${path}: this is no .weights.h5 of Keras 3${older}`);
    }
    return layers
      .keys()
      .flatMap((name) => readLayer(path, name, layers.get(`${name}/vars`) as Group | null))
      .sort(byName);
  } catch (error) {
    throw error instanceof CommandError ? error : new CommandError(`${path}: this is no HDF5 file, or it is damaged`);
  } finally {
    file?.close();
  }
}

function readLayer(path: string, name: string, vars: Group | null): FoundLayer[] {
  const places = vars?.keys().sort((a, b) => Number(a) - Number(b)) ?? [];
  if (places.length === 0) return [];
  const known = KINDS[name.replace(/_\d+$/, '')];
  if (!known) throw new CommandError(`${path}: layers/${name} is of a kind that is not known here`);
  if (places.length !== known.weights.length)
    throw new CommandError(`${path}: layers/${name} has ${places.length} weights instead of ${known.weights.length}`);
  const weights = new Map<string, WeightValues>();
  places.forEach((place, i) => {
    const data = vars?.get(place) as Dataset;
    const { value, shape } = data;
    if (!(value instanceof Float32Array))
      throw new CommandError(
        `${path}: layers/${name}/vars/${place} is of type ${String(data.dtype)} instead of float32`,
      );
    weights.set(known.weights[i] as string, { shape: shape ?? [], values: value });
  });
  return [{ name, kind: known.kind, weights }];
}
