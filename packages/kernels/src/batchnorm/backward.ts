/**
 * The gradients of batch normalization through the statistics of the batch. All float32, (rows, channels).
 *
 *   dβ = Σ dY      dγ = Σ dY · x̂      dX = γ / √(variance + ε) · (dY − dβ / rows − x̂ · dγ / rows)
 *
 * As in the forward direction, a thread sums one channel of one part of the rows, and a small kernel joins the parts. It
 * also works out what is the same for all rows of a channel, so that dX = factor · (dY − (share + (x − center) · slope)).
 * Timed by `pnpm anke bench kernels --filter batchnorm`.
 */
import { masked } from '../conv2d/reference.js';
import { type Binding, bindingBytes, constants, defineKernel, flatRow } from '../runtime/kernel.js';
import { gradientCoefficients, inputGradient } from './reference.js';
import {
  type BatchNormParams,
  channels,
  EPSILON,
  elements,
  flat,
  parts,
  RUN,
  rowsPerPart,
  runs,
  shapes,
} from './shapes.js';

const gradientSumsBindings = {
  x: { access: 'read', type: 'f32', length: elements },
  dY: { access: 'read', type: 'f32', length: elements },
  mean: { access: 'read', type: 'f32', length: channels },
  variance: { access: 'read', type: 'f32', length: channels, sample: (_, draw) => draw.uniform() + 0.1 },
  /** For each part, first the channels' Σ dY, then their Σ dY · x̂. */
  sums: { access: 'write', type: 'f32', length: (p: BatchNormParams) => 2 * parts(p) },
} as const satisfies Record<string, Binding<BatchNormParams & { epsilon: number }>>;

/** Σ dY and Σ dY · x̂ of each part, for {@link batchNormGradientJoin}. */
export const batchNormGradientSums = defineKernel<
  BatchNormParams & { epsilon: number },
  keyof typeof gradientSumsBindings
>({
  name: 'batchnorm/gradient-sums',
  bindings: gradientSumsBindings,
  variants: flat<BatchNormParams & { epsilon: number }>(
    parts,
    (p) => `
${constants({ ROWS: p.rows, CHANNELS: p.channels, SPLITS: p.splits, PART: rowsPerPart(p), ROW: flatRow(parts(p)), EPSILON: { f32: p.epsilon } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= SPLITS * CHANNELS) { return; }
  let channel = index % CHANNELS;
  let part = index / CHANNELS;
  let first = part * PART;
  let center = mean[channel];
  var sum = 0.0;
  var products = 0.0;
  for (var row = first; row < min(first + PART, ROWS); row++) {
    let gradient = dY[row * CHANNELS + channel];
    sum += gradient;
    products = fma(gradient, x[row * CHANNELS + channel] - center, products);
  }
  sums[2u * part * CHANNELS + channel] = sum;
  sums[(2u * part + 1u) * CHANNELS + channel] = products / sqrt(variance[channel] + EPSILON);
}`,
  ),
  cost: (p) => ({ flops: 4 * elements(p), bytes: bindingBytes(gradientSumsBindings, p) }),
  terms: (p) => rowsPerPart(p) + 8,
  reference: (p, { x, dY, mean, variance }) => {
    const sums = new Float64Array(2 * parts(p));
    for (let row = 0; row < p.rows; row++)
      for (let c = 0; c < p.channels; c++) {
        const part = Math.floor(row / rowsPerPart(p));
        const i = row * p.channels + c;
        const xhat = ((x[i] as number) - (mean[c] as number)) / Math.sqrt((variance[c] as number) + p.epsilon);
        const at = 2 * part * p.channels + c;
        sums[at] = (sums[at] as number) + (dY[i] as number);
        sums[at + p.channels] = (sums[at + p.channels] as number) + (dY[i] as number) * xhat;
      }
    return { sums };
  },
  cases: shapes.map((shape) => ({ ...shape, epsilon: EPSILON })),
});

export interface GradientJoinParams extends BatchNormParams {
  readonly epsilon: number;
}

const coefficients = (p: { readonly channels: number }): number => 4 * p.channels;

const gradientJoinBindings = {
  sums: { access: 'read', type: 'f32', length: (p: GradientJoinParams) => 2 * parts(p) },
  mean: { access: 'read', type: 'f32', length: channels },
  variance: { access: 'read', type: 'f32', length: channels, sample: (_, draw) => draw.uniform() + 0.1 },
  gamma: { access: 'read', type: 'f32', length: channels },
  dBeta: { access: 'write', type: 'f32', length: channels },
  dGamma: { access: 'write', type: 'f32', length: channels },
  /** For each channel the center, then the factor, then the share, then the slope. */
  coefficients: { access: 'write', type: 'f32', length: coefficients },
} as const satisfies Record<string, Binding<GradientJoinParams>>;

/**
 * dβ and dγ: the parts' sums added up, a thread a channel. With them, the channel's
 * center = mean, factor = γ / √(variance + ε), share = dβ / rows, slope = dγ / √(variance + ε) / rows.
 */
export const batchNormGradientJoin = defineKernel<GradientJoinParams, keyof typeof gradientJoinBindings>({
  name: 'batchnorm/gradient-join',
  bindings: gradientJoinBindings,
  variants: flat<GradientJoinParams>(
    channels,
    (p) => `
${constants({ ROWS: p.rows, CHANNELS: p.channels, SPLITS: p.splits, EPSILON: { f32: p.epsilon } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let channel = thread.x;
  if (channel >= CHANNELS) { return; }
  var sum = 0.0;
  var product = 0.0;
  // A bound that the compiler does not know: unrolled, this takes longer to compile than to run.
  for (var part = 0u; part < min(SPLITS, arrayLength(&sums)); part++) {
    sum += sums[2u * part * CHANNELS + channel];
    product += sums[(2u * part + 1u) * CHANNELS + channel];
  }
  dBeta[channel] = sum;
  dGamma[channel] = product;
  let deviation = sqrt(variance[channel] + EPSILON);
  coefficients[channel] = mean[channel];
  coefficients[CHANNELS + channel] = gamma[channel] / deviation;
  coefficients[2u * CHANNELS + channel] = sum / f32(ROWS);
  coefficients[3u * CHANNELS + channel] = product / deviation / f32(ROWS);
}`,
  ),
  cost: (p) => ({ flops: 2 * parts(p), bytes: bindingBytes(gradientJoinBindings, p) }),
  terms: (p) => p.splits + 16,
  reference: (p, { sums, mean, variance, gamma }) => {
    const total = (offset: number): Float64Array =>
      Float64Array.from({ length: p.channels }, (_, c) => {
        let value = 0;
        for (let part = 0; part < p.splits; part++) value += sums[(2 * part + offset) * p.channels + c] as number;
        return value;
      });
    const [dBeta, dGamma] = [total(0), total(1)];
    const statistics = { mean, variance };
    return {
      dBeta,
      dGamma,
      coefficients: gradientCoefficients(p.rows, p.epsilon, statistics, gamma, dBeta, dGamma),
    };
  },
  cases: shapes.map((shape) => ({ ...shape, epsilon: EPSILON })),
});

export interface BatchNormBackwardParams {
  readonly rows: number;
  readonly channels: number;
  /** Where x is the output of a relu: the factor of the dropout behind it, or 1. Else 0. */
  readonly mask: number;
}

const backwardBindings = {
  x: { access: 'read', type: 'f32', length: elements },
  dY: { access: 'read', type: 'f32', length: elements },
  coefficients: { access: 'read', type: 'f32', length: coefficients },
  dX: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<BatchNormBackwardParams>>;

/**
 * dX from the channels' coefficients, a thread a run of rows. With a mask, the gradient is taken through the relu before
 * it at once: mask · dX where x is positive, else 0.
 */
export const batchNormBackward = defineKernel<BatchNormBackwardParams, keyof typeof backwardBindings>({
  name: 'batchnorm/backward',
  bindings: backwardBindings,
  variants: flat<BatchNormBackwardParams>(
    runs,
    (p) => `
${constants({ MASK: { f32: p.mask }, ROWS: p.rows, CHANNELS: p.channels, RUN, ROW: flatRow(runs(p)) })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  let channel = index % CHANNELS;
  let first = index / CHANNELS * RUN;
  let center = coefficients[channel];
  let factor = coefficients[CHANNELS + channel];
  let share = coefficients[2u * CHANNELS + channel];
  let slope = coefficients[3u * CHANNELS + channel];
  for (var row = first; row < min(first + RUN, ROWS); row++) {
    let i = row * CHANNELS + channel;
    let value = x[i];
    // What is taken from dY is small beside it: so only one rounding is of dY's size.
    let gradient = factor * (dY[i] - fma(value - center, slope, share));
    dX[i] = ${p.mask === 0 ? 'gradient' : 'select(0.0, MASK * gradient, value > 0.0)'};
  }
}`,
  ),
  cost: (p) => ({ flops: 5 * elements(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: () => 8,
  reference: (p, { x, dY, coefficients }) => ({ dX: masked(inputGradient(x, dY, coefficients), x, p.mask) }),
  cases: shapes.map(({ rows, channels: count }, i) => ({
    rows,
    channels: count,
    mask: [0, 1, 4 / 3][i % 3] as number,
  })),
});
