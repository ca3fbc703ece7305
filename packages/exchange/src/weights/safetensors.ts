/** Weights from a safetensors file, whoever has written it: names as Keras and as PyTorch have them. */
import { decodeSafetensors, FormatError, type WeightValues } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import { byName, type FoundLayer } from './assign.js';

type Weights = ReadonlyMap<string, WeightValues>;

interface Recognition {
  /** Whether weights with these names and shapes are this type's. */
  matches(weights: Weights): boolean;
  /** PyTorch's names of its weights, where they are others. */
  readonly names: Readonly<Record<string, string>>;
}

const ranked = (rank: number): Recognition => ({
  matches: (weights) => (weights.get('kernel') ?? weights.get('weight'))?.shape.length === rank,
  names: { weight: 'kernel' },
});

/** How each type of layer is told by its weights; undefined for those that have none. The first that matches counts. */
const RECOGNITIONS: Readonly<Record<string, Recognition | undefined>> = {
  BatchNormalization: {
    matches: (weights) => ['gamma', 'running_mean', 'moving_mean'].some((name) => weights.has(name)),
    names: {
      weight: 'gamma',
      bias: 'beta',
      running_mean: 'moving_mean',
      running_var: 'moving_variance',
      moving_var: 'moving_variance',
    },
  },
  Conv2D: ranked(4),
  Dense: ranked(2),
  MaxPooling2D: undefined,
  Flatten: undefined,
  Dropout: undefined,
  Activation: undefined,
};

/**
 * The layers of a file.
 *
 * @param file what messages begin with
 * @throws ExchangeError if the bytes are no safetensors file of float32, or a name in it tells no layer
 */
export function readSafetensorsWeights(file: string, bytes: Uint8Array): FoundLayer[] {
  const layers = new Map<string, Map<string, WeightValues>>();
  try {
    for (const [name, { values, shape }] of decodeSafetensors(bytes)) {
      const [, layer = '', weight = ''] = /^(.+)[/.]([^/.]+)$/.exec(name) ?? [];
      if (weight === 'num_batches_tracked') continue;
      if (layer === '') throw new ExchangeError(`${file}: "${name}" names no layer; conv1/kernel would`);
      if (!(values instanceof Float32Array)) throw new ExchangeError(`${file}: "${name}" is not of type F32`);
      const weights = layers.get(layer) ?? new Map<string, WeightValues>();
      layers.set(layer, weights.set(weight, { shape, values }));
    }
  } catch (error) {
    throw error instanceof FormatError ? new ExchangeError(`${file}: ${error.message}`) : error;
  }
  return [...layers].map(([name, weights]) => foundLayer(file, name, weights)).sort(byName);
}

function foundLayer(file: string, name: string, given: Weights): FoundLayer {
  const [type, recognition] = Object.entries(RECOGNITIONS).find(([, one]) => one?.matches(given)) ?? [];
  if (type === undefined || !recognition) {
    const names = [...given.keys()].join(', ');
    throw new ExchangeError(`${file}: ${name} (${names}) is of a kind that is not known here`);
  }
  const weights = [...given].map(([weight, values]) => [recognition.names[weight] ?? weight, values] as const);
  return { name, type, weights: new Map(weights) };
}
