/**
 * The two forms in which each algorithm of conv2d backward weights exists: whole, and with the long sum split.
 *
 * The sum runs over every output pixel of the batch, while there are few weights: with a thread a weight, a large
 * device would idle, and a CPU's caches would not hold what a sum reads. So the output rows are cut into equal parts,
 * each of which writes sums of its own into scratch memory, and a second dispatch adds them, a thread a weight, always
 * in the same order (window/join-weights.ts).
 *
 * Where either form may be the faster one, the tuner times both.
 */
import type { Variant } from '../../runtime/kernel.js';
import { constants } from '../../runtime/wgsl.js';
import { decayedWgsl, joinWeights } from '../../window/join-weights.js';
import { kernelSize } from '../geometry.js';
import { type Conv2dBackwardWeightsParams, forBias, rowsPerSplit, type SplitParams } from './params.js';

type Whole = Variant<Conv2dBackwardWeightsParams>;

const unsplit = (p: Conv2dBackwardWeightsParams): SplitParams => ({ ...p, splits: 1 });

/** An algorithm whose sizes are passed with the dispatch has the rows of a split among them. */
const splitRows = ({ sizes }: Variant<SplitParams>, p: SplitParams): string =>
  sizes ? '' : constants({ ROWS_PER_SPLIT: rowsPerSplit(p) });

const sizesOf = (
  algorithm: Variant<SplitParams>,
  cut: (p: Conv2dBackwardWeightsParams) => SplitParams,
): Pick<Whole, 'sizes'> => (algorithm.sizes ? { sizes: (p, traits) => algorithm.sizes?.(cut(p), traits) ?? {} } : {});

/** The algorithm with its sums whole. */
export const whole = (algorithm: Variant<SplitParams>): Whole => ({
  ...(algorithm.subgroups ? { subgroups: true } : {}),
  available: (p, traits) => algorithm.available(unsplit(p), traits),
  suits: (p, traits) => algorithm.suits?.(unsplit(p), traits) !== false,
  ...sizesOf(algorithm, unsplit),
  grid: (p, traits) => algorithm.grid(unsplit(p), traits),
  wgsl: (p, traits) => `
${splitRows(algorithm, unsplit(p))}
${decayedWgsl(p)}
fn writeWeight(index: u32, sum: f32) { dW[index] = decayed(index, sum); }
${forBias(p, 'fn writeBias(index: u32, sum: f32) { dBias[index] = sum; }')}
${algorithm.wgsl(unsplit(p), traits)}`,
});

/**
 * The algorithm with its sums split, where there is more than one split.
 *
 * @param splits how many there are
 */
export function split(algorithm: Variant<SplitParams>, splits: (p: Conv2dBackwardWeightsParams) => number): Whole {
  const cut = (p: Conv2dBackwardWeightsParams): SplitParams => ({ ...p, splits: splits(p) });
  return {
    ...(algorithm.subgroups ? { subgroups: true } : {}),
    available: (p, traits) => splits(p) > 1 && algorithm.available(cut(p), traits),
    suits: (p, traits) => algorithm.suits?.(cut(p), traits) !== false,
    bindings: ({ bias }) => ['x', 'dY', 'weightParts', ...(bias ? ['biasParts'] : [])],
    ...sizesOf(algorithm, cut),
    grid: (p, traits) => algorithm.grid(cut(p), traits),
    wgsl: (p, traits) => `
${splitRows(algorithm, cut(p))}
fn writeWeight(index: u32, sum: f32) { weightParts[index] = sum; }
${forBias(p, 'fn writeBias(index: u32, sum: f32) { biasParts[index] = sum; }')}
${algorithm.wgsl(cut(p), traits)}`,
    join: joinWeights<Conv2dBackwardWeightsParams>({
      weights: kernelSize,
      outputs: (p) => p.outChannels,
      parts: splits,
    }),
  };
}
