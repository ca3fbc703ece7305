/** Weights from a safetensors file, whoever has written it: names as Keras and as PyTorch have them; and into one. */
import { encodeWeights, FormatError, type Graph, readSafetensors, type Safetensors, type WeightValues } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import { type ModelNotes, textNotesOf } from '../notes.js';
import { byName, type FoundWeights } from './assign.js';
import { checkedWeights } from './checked.js';
import { layerToldByWeights } from './told-by-weights.js';

/**
 * A model's weights by Keras's names as a file.
 *
 * @throws ExchangeError if a weight is missing or has another shape
 */
export const toSafetensors = (
  graph: Graph,
  weights: ReadonlyMap<string, WeightValues>,
  notes: ModelNotes = {},
): Uint8Array => encodeWeights(checkedWeights(graph, weights), textNotesOf(graph, notes));

/**
 * The layers of a file.
 *
 * @param file what messages begin with
 * @throws ExchangeError if the bytes are no safetensors file of float32, or a name in it tells no layer
 */
export function readSafetensorsWeights(file: string, bytes: Uint8Array): FoundWeights {
  const layers = new Map<string, Map<string, WeightValues>>();
  for (const [name, { values, shape }] of tensorsOf(file, bytes)) {
    const [, layer = '', weight = ''] = /^(.+)[/.]([^/.]+)$/.exec(name) ?? [];
    if (weight === 'num_batches_tracked') continue;
    if (layer === '') throw new ExchangeError(`${file}: "${name}" names no layer; conv1/kernel would`);
    if (!(values instanceof Float32Array)) throw new ExchangeError(`${file}: "${name}" is not of type F32`);
    const weights = layers.get(layer) ?? new Map<string, WeightValues>();
    layers.set(layer, weights.set(weight, { shape, values }));
  }
  return {
    file,
    names: 'own',
    layers: [...layers].map(([name, weights]) => layerToldByWeights(file, name, weights)).sort(byName),
  };
}

function tensorsOf(file: string, bytes: Uint8Array): Safetensors['tensors'] {
  try {
    return readSafetensors(bytes).tensors;
  } catch (error) {
    throw error instanceof FormatError ? new ExchangeError(`${file}: ${error.message}`, { cause: error }) : error;
  }
}
