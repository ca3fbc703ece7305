/**
 * The gradients of batch normalization. (rows, channels); float32, but x may be stored as 16 bits.
 *
 *   dβ = Σ dY      dγ = Σ dY · x̂
 *
 * Through the statistics of the batch, dX = γ / √(variance + ε) · (dY − dβ / rows − x̂ · dγ / rows). With constant
 * statistics (inference, frozen layers), dX = γ / √(variance + ε) · dY.
 *
 * What is the same for all rows of a channel is worked out once (`gradient-join.ts`), so that
 * dX = factor · (dY − (share + (x − center) · slope)). Timed by `pnpm anke bench kernels --filter batchnorm`.
 */
import { type Mask, maskReference, maskWgsl } from '../epilogue/epilogue.js';
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid } from '../runtime/wgsl.js';
import { type AffineParams, gammaBinding, gammaWgsl } from './affine.js';
import { coefficientCount, gradientBindings, gradientJoin, statisticsBindings } from './gradient-join.js';
import { deviationsAddedUp, inputGradient, inputGradientMagnitudes, parameterGradients } from './reference.js';
import {
  EPSILON,
  elements,
  inRuns,
  MASKS,
  partCount,
  partSizes,
  type RowsAndChannels,
  RUN,
  rowsPerPart,
  shapes,
  varianceBinding,
} from './shapes.js';

export interface BatchNormGradientsParams extends RowsAndChannels, AffineParams {
  readonly epsilon: number;
}

const gradientsBindings = {
  x: { access: 'read', type: 'f32', length: elements },
  dY: { access: 'read', type: 'f32', length: elements },
  ...statisticsBindings,
  ...gradientBindings,
} as const satisfies Record<string, Binding<BatchNormGradientsParams>>;

/**
 * dβ, dγ, and the coefficients for {@link batchNormBackward}. A thread of the first dispatch sums one channel of one
 * part of the rows; the second joins the parts. With constant statistics, dβ and dγ are the same sums.
 */
export const batchNormGradients = defineKernel<BatchNormGradientsParams, keyof typeof gradientsBindings>({
  name: 'batchnorm/gradients',
  bindings: gradientsBindings,
  variants: {
    parts: {
      available: () => true,
      bindings: () => ['x', 'dY', 'mean', 'variance', 'sums'],
      sizes: partSizes,
      grid: (p) => flatGrid(partCount(p) * p.channels),
      wgsl: (p) => `
${constants({ CHANNELS: p.channels, EPSILON: { f32: p.epsilon } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * sizes.threadRow + thread.x;
  if (index >= sizes.parts * CHANNELS) { return; }
  let channel = index % CHANNELS;
  let part = index / CHANNELS;
  let first = part * sizes.rowsPerPart;
  let end = min(first + sizes.rowsPerPart, sizes.rows);
  let center = mean[channel];
  var sum = 0.0;
  var products = 0.0;
  for (var row = first; row < end; row++) {
    let gradient = dY[row * CHANNELS + channel];
    sum += gradient;
    products = fma(gradient, f32(x[row * CHANNELS + channel]) - center, products);
  }
  sums[2u * part * CHANNELS + channel] = sum;
  sums[(2u * part + 1u) * CHANNELS + channel] = products / sqrt(variance[channel] + EPSILON);
}`,
      join: gradientJoin((p) => ({ ...p, parts: partCount(p) })),
    },
  },
  cost: (p) => ({ flops: 4 * elements(p) + 2 * partCount(p) * p.channels, bytes: bindingBytes(gradientsBindings, p) }),
  terms: (p) => rowsPerPart(p) + partCount(p) + 24,
  reference: (p, inputs) => parameterGradients(p, inputs),
  magnitudes(p, inputs) {
    return this.reference(p, deviationsAddedUp(inputs));
  },
  cases: [
    ...shapes.map((shape) => ({ ...shape, epsilon: EPSILON })),
    { rows: 33, channels: 7, epsilon: EPSILON, scale: false },
  ],
});

export interface BatchNormBackwardParams extends RowsAndChannels {
  /**
   * Where x is the output of a rectifier, and of the dropout behind it if there is one: the gradient goes through them.
   */
  readonly mask?: Mask;
}

const backwardBindings = {
  x: { access: 'read', type: 'f32', length: elements },
  dY: { access: 'read', type: 'f32', length: elements },
  coefficients: { access: 'read', type: 'f32', length: coefficientCount },
  dX: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<BatchNormBackwardParams>>;

/** dX through the statistics of the batch, from the channels' coefficients; a thread a run of rows. */
export const batchNormBackward = defineKernel<BatchNormBackwardParams, keyof typeof backwardBindings>({
  name: 'batchnorm/backward',
  bindings: backwardBindings,
  variants: inRuns<BatchNormBackwardParams>(
    (p) => `
${constants({ CHANNELS: p.channels, RUN })}
${maskWgsl(p.mask, 'x')}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * sizes.threadRow + thread.x;
  let channel = index % CHANNELS;
  let first = index / CHANNELS * RUN;
  let end = min(first + RUN, sizes.rows);
  let center = coefficients[channel];
  let factor = coefficients[CHANNELS + channel];
  let share = coefficients[2u * CHANNELS + channel];
  let slope = coefficients[3u * CHANNELS + channel];
  for (var row = first; row < end; row++) {
    let i = row * CHANNELS + channel;
    let value = f32(x[i]);
    // What is subtracted from dY is small beside it, so that only one rounding is of dY's size.
    let gradient = factor * (dY[i] - fma(value - center, slope, share));
    dX[i] = masked(gradient, value);
  }
}`,
  ),
  cost: (p) => ({ flops: 5 * elements(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: () => 8,
  reference: (p, { x, dY, coefficients }) => ({ dX: maskReference(p.mask, inputGradient(x, dY, coefficients), x) }),
  magnitudes: ({ mask }, { x, dY, coefficients }) => ({
    dX: inputGradientMagnitudes(x, dY, coefficients).map((value) => value * (mask?.keep ?? 1)),
  }),
  cases: shapes.map((shape, i) => {
    const mask = MASKS[i % MASKS.length];
    return { ...shape, ...(mask ? { mask } : {}) };
  }),
});

export interface InferenceBackwardParams extends RowsAndChannels, AffineParams {
  readonly epsilon: number;
}

const inferenceBindings = {
  dY: { access: 'read', type: 'f32', length: elements },
  variance: varianceBinding,
  gamma: gammaBinding,
  dX: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<InferenceBackwardParams>>;

/**
 * dX where mean and variance are constants; a thread a run of rows. There, dβ and dγ come from
 * {@link batchNormGradients} with the moving mean and variance, if they are needed.
 */
export const batchNormInferenceBackward = defineKernel<InferenceBackwardParams, keyof typeof inferenceBindings>({
  name: 'batchnorm/inference-backward',
  bindings: inferenceBindings,
  variants: inRuns<InferenceBackwardParams>(
    (p) => `
${constants({ CHANNELS: p.channels, RUN, EPSILON: { f32: p.epsilon } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * sizes.threadRow + thread.x;
  let channel = index % CHANNELS;
  let first = index / CHANNELS * RUN;
  let end = min(first + RUN, sizes.rows);
  let factor = ${gammaWgsl(p, 'channel')} / sqrt(variance[channel] + EPSILON);
  for (var row = first; row < end; row++) {
    dX[row * CHANNELS + channel] = factor * dY[row * CHANNELS + channel];
  }
}`,
  ),
  cost: (p) => ({ flops: elements(p), bytes: bindingBytes(inferenceBindings, p) }),
  // Three roundings, of which WGSL allows the division 2.5 and the root as much again.
  terms: () => 8,
  reference: (p, { dY, variance, gamma }) => ({
    dX: dY.map((gradient, i) => {
      const c = i % p.channels;
      return ((gamma[c] ?? 1) / Math.sqrt((variance[c] as number) + p.epsilon)) * gradient;
    }),
  }),
  magnitudes(p, inputs) {
    return this.reference(p, inputs);
  },
  cases: [
    ...shapes.map((shape) => ({ ...shape, epsilon: EPSILON })),
    { rows: 33, channels: 7, epsilon: EPSILON, scale: false },
  ],
});
