/**
 * The second dispatch of the gradients of weights whose long sums were cut into parts: a thread a weight adds its
 * parts, always in the same order, and then the decay.
 *
 *   dW[i] = Σ_s weightParts[s, i] + decay · W[i]        dBias[co] = Σ_s biasParts[s, co]
 */
import type { Join, Traits } from '../runtime/kernel.js';
import { constants, flatGrid, flatRow } from '../runtime/wgsl.js';

/** Options of a gradient of weights. */
export interface WeightGradientOptions {
  /** Whether there is a bias, whose gradient is computed beside the kernel's. */
  readonly bias: boolean;
  /** Share of the weights that is added to their gradient: 2λ for an L2 penalty λ · Σ w² in the loss. */
  readonly decay: number;
}

export interface JoinSizes<P> {
  /** Elements of dW. */
  weights(params: P): number;
  /** Elements of dBias. */
  outputs(params: P): number;
  parts(params: P, traits: Traits): number;
}

/**
 * WGSL of `decayed(index: u32, sum: f32) -> f32`: the gradient of a weight, from its whole sum. Without a decay, w is
 * not bound.
 */
export const decayedWgsl = ({ decay }: WeightGradientOptions): string =>
  decay === 0
    ? 'fn decayed(index: u32, sum: f32) -> f32 { return sum; }'
    : `${constants({ DECAY: { f32: decay } })}
fn decayed(index: u32, sum: f32) -> f32 { return fma(DECAY, w[index], sum); }`;

const bias = `
  if (i >= weights && i < weights + sizes.outputs) {
    let co = i - weights;
    for (var s = 0u; s < parts; s++) { sum += biasParts[s * sizes.outputs + co]; }
    dBias[co] = sum;
  }`;

/** Adds the parts in `weightParts` (parts, weights) and `biasParts` (parts, outputs). */
export function joinWeights<P extends WeightGradientOptions>({ weights, outputs, parts }: JoinSizes<P>): Join<P> {
  const threads = (p: P): number => weights(p) + (p.bias ? outputs(p) : 0);
  return {
    scratch: (p, traits) => ({
      weightParts: weights(p) * parts(p, traits),
      ...(p.bias ? { biasParts: outputs(p) * parts(p, traits) } : {}),
    }),
    bindings: (p) => [
      'weightParts',
      ...(p.bias ? ['biasParts'] : []),
      ...(p.decay === 0 ? [] : ['w']),
      'dW',
      ...(p.bias ? ['dBias'] : []),
    ],
    sizes: (p, traits) => ({
      weights: weights(p),
      outputs: outputs(p),
      parts: parts(p, traits),
      row: flatRow(threads(p)),
    }),
    grid: (p) => flatGrid(threads(p)),
    wgsl: (p) => `
${decayedWgsl(p)}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let weights = sizes.weights;
  let parts = sizes.parts;
  let i = thread.y * sizes.row + thread.x;
  var sum = 0.0;
  if (i < weights) {
    for (var s = 0u; s < parts; s++) { sum += weightParts[s * weights + i]; }
    dW[i] = decayed(i, sum);
  }${p.bias ? bias : ''}
}`,
  };
}
