/** Weights from elsewhere, layer by layer, and where they belong in a model. */
import type { Layer, Sequential, WeightValues } from '@anke/nn';
import { CommandError } from '../errors.js';

export type Kind = 'Conv2D' | 'BatchNormalization' | 'Dense';

/** One layer's weights in a file. */
export interface FoundLayer {
  /** As the file calls it. */
  readonly name: string;
  readonly kind: Kind;
  /** By this project's names: kernel, bias, gamma, beta, moving_mean, moving_variance. */
  readonly weights: ReadonlyMap<string, WeightValues>;
}

/** conv2d_2 before conv2d_10 */
export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name.localeCompare(b.name, 'en', { numeric: true });

/** Where the file names each of the model's layers, the model's order; else as they are. */
export function inOrderOf(model: Sequential, found: readonly FoundLayer[]): readonly FoundLayer[] {
  const places = new Map(model.layers.map(({ name }, i) => [name, i]));
  if (!found.every(({ name }) => places.has(name))) return found;
  return [...found].sort((a, b) => (places.get(a.name) as number) - (places.get(b.name) as number));
}

const formatted = (shape: readonly number[]): string => `(${shape.join(', ')})`;

/**
 * Gives each layer of a model the weights of the layer of its kind that has the same place among those in the file.
 *
 * @param file what messages begin with
 * @throws CommandError if there are more or fewer layers of a kind, or a weight has another shape
 */
export function assignWeights(
  file: string,
  model: Sequential,
  found: readonly FoundLayer[],
): Map<string, WeightValues> {
  const wanted = model.layers.filter(({ weights }) => weights.length > 0);
  const weights = new Map<string, WeightValues>();
  for (const kind of new Set([...wanted.map(({ type }) => type), ...found.map(({ kind }) => kind)])) {
    const ours = wanted.filter(({ type }) => type === kind);
    const theirs = found.filter((layer) => layer.kind === kind);
    if (ours.length !== theirs.length) {
      const names = theirs.length === 0 ? '' : ` (${theirs.map(({ name }) => name).join(', ')})`;
      throw new CommandError(
        `${file}: the model has ${ours.length} layers of kind ${kind}, the file ${theirs.length}${names}`,
      );
    }
    ours.forEach((layer, i) => {
      for (const [name, values] of weightsOf(file, layer, theirs[i] as FoundLayer)) weights.set(name, values);
    });
  }
  return weights;
}

function weightsOf(file: string, layer: Layer, { name: place, weights }: FoundLayer): [string, WeightValues][] {
  return layer.weights.map(({ name, shape }) => {
    const given = weights.get(name);
    if (!given) throw new CommandError(`${file}: ${place} has no ${name}, which the model's ${layer.name} needs`);
    if (given.shape.join() !== shape.join()) {
      throw new CommandError(
        `${file}: the ${name} of ${place} has shape ${formatted(given.shape)}, that of the model's ${layer.name} is ${formatted(shape)}${hint(given.shape, shape)}`,
      );
    }
    return [`${layer.name}/${name}`, given];
  });
}

/** PyTorch has kernels as (out, in, kh, kw) and (out, in). */
function hint(given: readonly number[], wanted: readonly number[]): string {
  const [kh, kw, ci, co] = wanted;
  const torch = wanted.length === 4 ? [co, ci, kh, kw] : [...wanted].reverse();
  if (wanted.length < 2 || given.join() !== torch.join()) return '';
  return `; this is PyTorch's order: transpose it to ${wanted.length === 4 ? '(kh, kw, in, out)' : '(in, out)'} first`;
}
