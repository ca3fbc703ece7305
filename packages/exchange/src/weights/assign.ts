/** Weights from elsewhere, layer by layer, and where they belong in a model. */
import type { Layer, Sequential, WeightValues } from '@anke/nn';
import { ExchangeError } from '../errors.js';

/** One layer's weights in a file. */
export interface FoundLayer {
  /** As the file calls it. */
  readonly name: string;
  /** The type of layer here. */
  readonly type: string;
  /** By this project's names: kernel, bias, gamma, beta, moving_mean, moving_variance. */
  readonly weights: ReadonlyMap<string, WeightValues>;
}

/** conv2d_2 before conv2d_10 */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name.localeCompare(b.name, 'en', { numeric: true });

/** In the model's order, if the file has the names of the model's layers; else as they are. */
export function inOrderOf(model: Sequential, found: readonly FoundLayer[]): readonly FoundLayer[] {
  const order = new Map(model.layers.map(({ name }, i) => [name, i]));
  if (!found.every(({ name }) => order.has(name))) return found;
  return [...found].sort((a, b) => (order.get(a.name) as number) - (order.get(b.name) as number));
}

const formatted = (shape: readonly number[]): string => `(${shape.join(', ')})`;

/**
 * Gives the first convolution of a model the weights of the first convolution in the file, and so on for each type of
 * layer.
 *
 * @param file what messages begin with
 * @throws ExchangeError if there are more or fewer layers of a type, or a weight has another shape
 */
export function assignWeights(
  file: string,
  model: Sequential,
  found: readonly FoundLayer[],
): Map<string, WeightValues> {
  const layers = model.layers.filter(({ weights }) => weights.length > 0);
  const weights = new Map<string, WeightValues>();
  for (const type of new Set([...layers, ...found].map((layer) => layer.type))) {
    const ours = layers.filter((layer) => layer.type === type);
    const theirs = found.filter((layer) => layer.type === type);
    if (ours.length !== theirs.length) {
      const names = theirs.length === 0 ? '' : ` (${theirs.map(({ name }) => name).join(', ')})`;
      throw new ExchangeError(
        `${file}: the model has ${ours.length} layers of kind ${type}, the file ${theirs.length}${names}`,
      );
    }
    ours.forEach((layer, i) => {
      for (const [name, values] of weightsOf(file, layer, theirs[i] as FoundLayer)) weights.set(name, values);
    });
  }
  return weights;
}

function weightsOf(file: string, layer: Layer, { name: theirs, weights }: FoundLayer): [string, WeightValues][] {
  return layer.weights.map(({ name, shape }) => {
    const given = weights.get(name);
    if (!given) throw new ExchangeError(`${file}: ${theirs} has no ${name}, which the model's ${layer.name} needs`);
    if (given.shape.join() !== shape.join()) {
      const found = `the ${name} of ${theirs} has shape ${formatted(given.shape)}`;
      const expected = `that of the model's ${layer.name} is ${formatted(shape)}`;
      throw new ExchangeError(`${file}: ${found}, ${expected}${hint(given.shape, shape)}`);
    }
    return [`${layer.name}/${name}`, given];
  });
}

/** PyTorch has kernels as (out, in, kh, kw) and (out, in). */
function hint(given: readonly number[], expected: readonly number[]): string {
  const [kh, kw, ci, co] = expected;
  const torch = expected.length === 4 ? [co, ci, kh, kw] : [...expected].reverse();
  if (expected.length < 2 || given.join() !== torch.join()) return '';
  return `; this is PyTorch's order: transpose it to ${expected.length === 4 ? '(kh, kw, in, out)' : '(in, out)'} first`;
}
