/** What type of layer weights belong to: their names and shapes tell, as Keras and PyTorch have them. */
import { LAYER_TYPES, type LayerType, type WeightValues } from '@anke/nn';
import { ExchangeError } from '../errors.js';
import type { FoundLayer } from './assign.js';
import { LAYER_WEIGHTS, typeOfName } from './names.js';

type Weights = ReadonlyMap<string, WeightValues>;

/**
 * A layer as its weights tell it.
 *
 * @param file what messages begin with
 * @throws ExchangeError if no type of layer has such weights
 */
export function layerToldByWeights(file: string, name: string, given: Weights): FoundLayer {
  const [first, ...others] = typesOf(name, given);
  if (first === undefined) {
    const names = [...given.keys()].join(', ');
    throw new ExchangeError(`${file}: ${name} (${names}) is of a kind that is not known here`);
  }
  const aliases = LAYER_WEIGHTS[first]?.aliases ?? {};
  const weights = [...given].map(([weight, values]) => [aliases[weight] ?? weight, values] as const);
  return { name, types: [first, ...others], weights: new Map(weights) };
}

/** The types of layers that such weights can be of; first the one that the name tells, if it is Keras's. */
function typesOf(name: string, weights: Weights): LayerType[] {
  const types = LAYER_TYPES.filter((type) => LAYER_WEIGHTS[type]?.matches(weights));
  const named = typeOfName(name);
  return named !== undefined && types.includes(named) ? [named, ...types.filter((type) => type !== named)] : types;
}
