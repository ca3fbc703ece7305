/**
 * The gradients of batch normalization through the statistics of the batch. All float32, (rows, channels).
 *
 *   dβ = Σ dY      dγ = Σ dY · x̂      dX = γ / √(variance + ε) · (dY − dβ / rows − x̂ · dγ / rows)
 *
 * As in the forward direction, a thread sums one channel of one part of the rows, and a small kernel joins the parts.
 * Timed by `pnpm anke bench kernels --filter batchnorm`.
 */
import { type Binding, bindingBytes, constants, defineKernel, flatRow } from '../runtime/kernel.js';
import {
  type BatchNormParams,
  channels,
  EPSILON,
  elements,
  flat,
  type NormalizeParams,
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
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dY: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

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

const gradientJoinBindings = {
  sums: { access: 'read', type: 'f32', length: (p: BatchNormParams) => 2 * parts(p) },
  dBeta: { access: 'write', type: 'f32', length: channels },
  dGamma: { access: 'write', type: 'f32', length: channels },
} as const;

/** dβ and dγ: the parts' sums added up, a thread a channel. */
export const batchNormGradientJoin = defineKernel<BatchNormParams, keyof typeof gradientJoinBindings>({
  name: 'batchnorm/gradient-join',
  bindings: gradientJoinBindings,
  variants: flat<BatchNormParams>(
    channels,
    (p) => `
${constants({ CHANNELS: p.channels, SPLITS: p.splits })}
@group(0) @binding(0) var<storage, read> sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> dBeta: array<f32>;
@group(0) @binding(2) var<storage, read_write> dGamma: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let channel = thread.x;
  if (channel >= CHANNELS) { return; }
  var beta = 0.0;
  var gamma = 0.0;
  for (var part = 0u; part < SPLITS; part++) {
    beta += sums[2u * part * CHANNELS + channel];
    gamma += sums[(2u * part + 1u) * CHANNELS + channel];
  }
  dBeta[channel] = beta;
  dGamma[channel] = gamma;
}`,
  ),
  cost: (p) => ({ flops: 2 * parts(p), bytes: bindingBytes(gradientJoinBindings, p) }),
  terms: (p) => p.splits,
  reference: (p, { sums }) => {
    const total = (offset: number): Float64Array =>
      Float64Array.from({ length: p.channels }, (_, c) => {
        let value = 0;
        for (let part = 0; part < p.splits; part++) value += sums[(2 * part + offset) * p.channels + c] as number;
        return value;
      });
    return { dBeta: total(0), dGamma: total(1) };
  },
  cases: shapes,
});

const backwardBindings = {
  x: { access: 'read', type: 'f32', length: elements },
  dY: { access: 'read', type: 'f32', length: elements },
  mean: { access: 'read', type: 'f32', length: channels },
  variance: { access: 'read', type: 'f32', length: channels, sample: (_, draw) => draw.uniform() + 0.1 },
  gamma: { access: 'read', type: 'f32', length: channels },
  dBeta: { access: 'read', type: 'f32', length: channels },
  dGamma: { access: 'read', type: 'f32', length: channels },
  dX: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<NormalizeParams>>;

/** dX = γ / √(variance + ε) · (dY − dβ / rows − x̂ · dγ / rows), a thread a run of rows. */
export const batchNormBackward = defineKernel<NormalizeParams, keyof typeof backwardBindings>({
  name: 'batchnorm/backward',
  bindings: backwardBindings,
  variants: flat<NormalizeParams>(
    runs,
    (p) => `
${constants({ ROWS: p.rows, CHANNELS: p.channels, RUN, ROW: flatRow(runs(p)), EPSILON: { f32: p.epsilon } })}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dY: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> dBeta: array<f32>;
@group(0) @binding(6) var<storage, read> dGamma: array<f32>;
@group(0) @binding(7) var<storage, read_write> dX: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  let channel = index % CHANNELS;
  let first = index / CHANNELS * RUN;
  let center = mean[channel];
  let deviation = sqrt(variance[channel] + EPSILON);
  let factor = gamma[channel] / deviation;
  let sum = dBeta[channel];
  let product = dGamma[channel];
  for (var row = first; row < min(first + RUN, ROWS); row++) {
    let i = row * CHANNELS + channel;
    // Both sums together are small beside dY: so only one rounding is of dY's size.
    dX[i] = factor * (dY[i] - (sum + (x[i] - center) / deviation * product) / f32(ROWS));
  }
}`,
  ),
  cost: (p) => ({ flops: 9 * elements(p), bytes: bindingBytes(backwardBindings, p) }),
  terms: () => 32,
  reference: (p, { x, dY, mean, variance, gamma, dBeta, dGamma }) => ({
    dX: dY.map((value, i) => {
      const c = i % p.channels;
      const deviation = Math.sqrt((variance[c] as number) + p.epsilon);
      const xhat = ((x[i] as number) - (mean[c] as number)) / deviation;
      const share = ((dBeta[c] as number) + xhat * (dGamma[c] as number)) / p.rows;
      return ((gamma[c] as number) / deviation) * (value - share);
    }),
  }),
  cases: shapes.map(({ rows, channels: count }) => ({ rows, channels: count, epsilon: EPSILON })),
});
