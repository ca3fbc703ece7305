/**
 * The two forms in which each algorithm of conv2d backward weights exists: whole, and with the long sum split.
 *
 * The sum runs over every output pixel of the batch, while there are few weights: a large device would not be busy, a CPU's caches
 * would not hold what a sum reads. So the output rows are cut into equal parts, each of which writes sums of its own into scratch
 * memory, and a second dispatch adds them, a thread a weight, always in the same order:
 *
 *   dW[i] = decay · W[i] + Σ_s weightParts[s, i]        dBias[co] = Σ_s biasParts[s, co]
 *
 * Both forms are candidates for the tuner where both may pay.
 */
import type { Join, Variant } from '../../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../../runtime/wgsl.js';
import { kernelSize } from '../geometry.js';
import { type Conv2dBackwardWeightsParams, forBias, rowsPerSplit, type SplitParams } from './params.js';

type Whole = Variant<Conv2dBackwardWeightsParams>;

/** WGSL of `decayed(index: u32, sum: f32) -> f32`: the gradient of a weight, from its whole sum. */
const decayedWgsl = ({ decay }: Conv2dBackwardWeightsParams): string =>
  decay === 0
    ? 'fn decayed(index: u32, sum: f32) -> f32 { return sum; }'
    : `${constants({ DECAY: { f32: decay } })}
fn decayed(index: u32, sum: f32) -> f32 { return fma(DECAY, w[index], sum); }`;

const unsplit = (p: Conv2dBackwardWeightsParams): SplitParams => ({ ...p, splits: 1 });

/** The algorithm with its sums whole. */
export const whole = (algorithm: Variant<SplitParams>): Whole => ({
  ...(algorithm.subgroups ? { subgroups: true } : {}),
  available: (p, traits) => algorithm.available(unsplit(p), traits),
  suits: (p, traits) => algorithm.suits?.(unsplit(p), traits) !== false,
  grid: (p, traits) => algorithm.grid(unsplit(p), traits),
  wgsl: (p, traits) => `
${constants({ ROWS_PER_SPLIT: rowsPerSplit(unsplit(p)) })}
${decayedWgsl(p)}
fn writeWeight(index: u32, sum: f32) { dW[index] = decayed(index, sum); }
${forBias(p, 'fn writeBias(index: u32, sum: f32) { dBias[index] = sum; }')}
${algorithm.wgsl(unsplit(p), traits)}`,
});

const joinWgsl = (p: SplitParams): string => `
${constants({
  WEIGHTS: kernelSize(p),
  OUT: p.outChannels,
  SPLITS: p.splits,
  ROW: flatRow(kernelSize(p) + p.outChannels),
})}
${decayedWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  var sum = 0.0;
  if (i < WEIGHTS) {
    for (var s = 0u; s < SPLITS; s++) { sum += weightParts[s * WEIGHTS + i]; }
    dW[i] = decayed(i, sum);
  }${forBias(
    p,
    ` else if (i < WEIGHTS + OUT) {
    let co = i - WEIGHTS;
    for (var s = 0u; s < SPLITS; s++) { sum += biasParts[s * OUT + co]; }
    dBias[co] = sum;
  }`,
  )}
}`;

/**
 * The algorithm with its sums split, where there is more than one split.
 *
 * @param splits how many there are
 */
export function split(algorithm: Variant<SplitParams>, splits: (p: Conv2dBackwardWeightsParams) => number): Whole {
  const cut = (p: Conv2dBackwardWeightsParams): SplitParams => ({ ...p, splits: splits(p) });
  const join: Join<Conv2dBackwardWeightsParams> = {
    scratch: (p) => ({
      weightParts: kernelSize(p) * splits(p),
      ...(p.bias ? { biasParts: p.outChannels * splits(p) } : {}),
    }),
    bindings: ({ bias, decay }) => [
      'weightParts',
      ...(bias ? ['biasParts'] : []),
      ...(decay === 0 ? [] : ['w']),
      'dW',
      ...(bias ? ['dBias'] : []),
    ],
    grid: (p) => flatGrid(kernelSize(p) + (p.bias ? p.outChannels : 0)),
    wgsl: (p) => joinWgsl(cut(p)),
  };
  return {
    ...(algorithm.subgroups ? { subgroups: true } : {}),
    available: (p, traits) => splits(p) > 1 && algorithm.available(cut(p), traits),
    suits: (p, traits) => algorithm.suits?.(cut(p), traits) !== false,
    bindings: ({ bias }) => ['x', 'dY', 'weightParts', ...(bias ? ['biasParts'] : [])],
    grid: (p, traits) => algorithm.grid(cut(p), traits),
    wgsl: (p, traits) => `
${constants({ ROWS_PER_SPLIT: rowsPerSplit(cut(p)) })}
fn writeWeight(index: u32, sum: f32) { weightParts[index] = sum; }
${forBias(p, 'fn writeBias(index: u32, sum: f32) { biasParts[index] = sum; }')}
${algorithm.wgsl(cut(p), traits)}`,
    join,
  };
}
