/**
 * Keras 2's HDF5 of weights, as the files published for `keras.applications` have it. The attribute `layer_names` lists
 * the layers in the model's order; each has a group with the attribute `weight_names`, by which its arrays are found:
 * `Conv1` → `Conv1/kernel:0`. In the file of a whole model, all that lies in the group `model_weights`. An attribute
 * that is too long for HDF5 is cut into `layer_names0`, `layer_names1`, … A model within the model is one group, in
 * which several arrays end in the same name.
 *
 * keras/src/legacy/saving/legacy_h5_format.py, save_weights_to_hdf5_group
 */
import type { WeightValues } from '@anke/nn';
import type { Dataset, File, Group } from 'h5wasm';
import { ExchangeError } from '../errors.js';
import type { FoundLayer } from './assign.js';
import { floatsOf, type Whole } from './float-dataset.js';
import { UNNEEDED_WEIGHT } from './names.js';
import { layerToldByWeights } from './told-by-weights.js';

/** The layers with weights, in the file's order; undefined if it is no file of Keras 2. */
export function readKeras2Layers(whole: Whole, opened: File): FoundLayer[] | undefined {
  const root = [opened, opened.get('model_weights')].find(
    (group): group is Group =>
      group !== null && 'attrs' in group && textsOf(group as Group, 'layer_names') !== undefined,
  );
  return root && (textsOf(root, 'layer_names') as string[]).flatMap((name) => readLayer(whole, root, name));
}

function readLayer(whole: Whole, root: Group, name: string): FoundLayer[] {
  const layer = root.get(name) as Group | null;
  const names = (layer?.attrs && textsOf(layer, 'weight_names')) ?? [];
  const weights = new Map<string, WeightValues>();
  for (const path of names) {
    const dataset = layer?.get(path) as Dataset | null;
    if (!dataset || !('dtype' in dataset)) throw new ExchangeError(`${whole.file}: ${name} has no array ${path}`);
    const weight = path.replace(/^.*\//, '').replace(/:\d+$/, '');
    if (weight === UNNEEDED_WEIGHT) continue;
    if (weights.has(weight))
      throw new ExchangeError(`${whole.file}: ${name} is a model within the model, which is not read`);
    weights.set(weight, floatsOf(whole, path, dataset));
  }
  return weights.size === 0 ? [] : [layerToldByWeights(whole.file, name, weights)];
}

/** A list of texts in a group's attribute, or in its numbered parts; undefined if there is none. */
function textsOf({ attrs }: Group, name: string): string[] | undefined {
  const parts: unknown[] = [];
  if (Object.hasOwn(attrs, name)) parts.push(attrs[name]?.value);
  else for (let i = 0; Object.hasOwn(attrs, `${name}${i}`); i++) parts.push(attrs[`${name}${i}`]?.value);
  if (parts.length === 0) return undefined;
  // An empty list is one of numbers: NumPy has no type for the texts that are not there.
  const texts = parts.flat().filter((part) => typeof part === 'string');
  return texts.map((text) => text.replace(/\0+$/, ''));
}
