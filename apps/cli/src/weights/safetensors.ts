/** Weights from a safetensors file, whoever has written it: names as Keras and as PyTorch have them. */
import { decodeSafetensors, FormatError, type WeightValues } from '@anke/nn';
import { CommandError } from '../errors.js';
import { byName, type FoundLayer, type Kind } from './named.js';

const BATCH_NORMALIZATION: Readonly<Record<string, string>> = {
  weight: 'gamma',
  bias: 'beta',
  running_mean: 'moving_mean',
  running_var: 'moving_variance',
  moving_var: 'moving_variance',
};

/** @throws CommandError if the file is no safetensors file of float32, or a name in it tells no layer */
export function readSafetensorsWeights(path: string, bytes: Uint8Array): FoundLayer[] {
  const layers = new Map<string, Map<string, WeightValues>>();
  try {
    for (const [name, { values, shape }] of decodeSafetensors(bytes)) {
      const [, layer = '', weight = ''] = /^(.+)[/.]([^/.]+)$/.exec(name) ?? [];
      if (weight === 'num_batches_tracked') continue;
      if (layer === '') throw new CommandError(`${path}: "${name}" names no layer; conv1/kernel would`);
      if (!(values instanceof Float32Array)) throw new CommandError(`${path}: "${name}" is not of type F32`);
      const weights = layers.get(layer) ?? new Map<string, WeightValues>();
      layers.set(layer, weights.set(weight, { shape, values }));
    }
  } catch (error) {
    throw error instanceof FormatError ? new CommandError(`${path}: ${error.message}`) : error;
  }
  return [...layers].map(([name, weights]) => foundLayer(path, name, weights)).sort(byName);
}

function foundLayer(path: string, name: string, given: ReadonlyMap<string, WeightValues>): FoundLayer {
  const kernel = given.get('kernel') ?? given.get('weight');
  const kind: Kind | undefined =
    given.has('gamma') || given.has('running_mean') || given.has('moving_mean')
      ? 'BatchNormalization'
      : ({ 2: 'Dense', 4: 'Conv2D' } as const)[kernel?.shape.length ?? 0];
  if (!kind)
    throw new CommandError(`${path}: ${name} (${[...given.keys()].join(', ')}) is of a kind that is not known here`);
  const renamed = (weight: string): string =>
    kind === 'BatchNormalization' ? (BATCH_NORMALIZATION[weight] ?? weight) : weight === 'weight' ? 'kernel' : weight;
  return { name, kind, weights: new Map([...given].map(([weight, values]) => [renamed(weight), values])) };
}
