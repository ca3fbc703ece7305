/**
 * What the two kernels of batch normalization's gradients have in common: their outputs, and the dispatch that joins
 * the parts' sums. Each of its threads adds the parts of one channel in a fixed order, which gives dβ = Σ dY and
 * dγ = Σ dY · x̂, and works out what is the same for all rows of the channel:
 *
 *   center = mean      factor = γ / √(variance + ε)      share = dβ / rows      slope = dγ / √(variance + ε) / rows
 */
import type { Binding, Join } from '../runtime/kernel.js';
import { constants, flatGrid } from '../runtime/wgsl.js';
import { type AffineParams, gammaBinding, gammaWgsl } from './affine.js';
import { channels, varianceBinding } from './shapes.js';

export interface GradientSums extends AffineParams {
  /** Rows of x, over which the statistics were taken. */
  readonly rows: number;
  /** Parts of the sums: `sums` holds, for each, first the channels' Σ dY, then their Σ dY · x̂. */
  readonly parts: number;
  readonly epsilon: number;
}

export const coefficientCount = (p: { readonly channels: number }): number => 4 * p.channels;

export const statisticsBindings = {
  mean: { access: 'read', type: 'f32', length: channels },
  variance: varianceBinding,
  gamma: gammaBinding,
} as const satisfies Record<string, Binding<AffineParams>>;

export const gradientBindings = {
  dBeta: { access: 'write', type: 'f32', length: channels },
  dGamma: { access: 'write', type: 'f32', length: channels },
  /** For each channel the center, then the factor, then the share, then the slope. */
  coefficients: { access: 'write', type: 'f32', length: coefficientCount },
} as const satisfies Record<string, Binding<{ readonly channels: number }>>;

/** The joining dispatch of a kernel with these bindings; `of` tells the sizes from its parameters. */
export const gradientJoin = <P>(of: (p: P) => GradientSums): Join<P> => ({
  scratch: (p) => ({ sums: 2 * of(p).parts * of(p).channels }),
  bindings: (p) => [
    'sums',
    ...Object.keys(statisticsBindings).filter((name) => name !== 'gamma' || gammaBinding.needed(of(p))),
    ...Object.keys(gradientBindings),
  ],
  sizes: (p) => {
    const { rows, channels: count, parts } = of(p);
    return { rows, channels: count, parts };
  },
  grid: (p) => flatGrid(of(p).channels),
  wgsl: (p) => {
    const sums = of(p);
    return `
${constants({ EPSILON: { f32: sums.epsilon } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let channel = thread.x;
  let channels = sizes.channels;
  if (channel >= channels) { return; }
  var sum = 0.0;
  var product = 0.0;
  for (var part = 0u; part < sizes.parts; part++) {
    sum += sums[2u * part * channels + channel];
    product += sums[(2u * part + 1u) * channels + channel];
  }
  dBeta[channel] = sum;
  dGamma[channel] = product;
  let deviation = sqrt(variance[channel] + EPSILON);
  coefficients[channel] = mean[channel];
  coefficients[channels + channel] = ${gammaWgsl(sums, 'channel')} / deviation;
  coefficients[2u * channels + channel] = sum / f32(sizes.rows);
  coefficients[3u * channels + channel] = product / deviation / f32(sizes.rows);
}`;
  },
});
