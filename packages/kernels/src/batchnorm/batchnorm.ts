/**
 * Batch normalization over the last axis of an array seen as (rows, channels), after Ioffe and Szegedy,
 * *Batch normalization* (arXiv:1502.03167), with Keras's conventions: the batch variance is biased, also in the moving
 * average. All float32.
 *
 *   x̂ = (x − mean) / √(variance + ε)        y = γ · x̂ + β
 *   moving = momentum · moving + (1 − momentum) · batch
 *   dβ = Σ dY      dγ = Σ dY · x̂      dX = γ / √(variance + ε) · (dY − dβ / rows − x̂ · dγ / rows)
 *
 * The rows are cut into `splits` equal parts: a thread sums one channel of one part, neighbouring threads read
 * neighbouring channels, and a second, small kernel joins the parts in a fixed order.
 * Timed by `pnpm anke bench kernels --filter batchnorm`.
 */
import {
  type Binding,
  bindingBytes,
  constants,
  defineKernel,
  flatGrid,
  flatRow,
  type Variant,
} from '../runtime/kernel.js';
import { normalize, statistics } from './reference.js';

export interface BatchNormParams {
  readonly rows: number;
  readonly channels: number;
  readonly splits: number;
}

export interface BatchNormJoinParams extends BatchNormParams {
  readonly momentum: number;
}

export interface NormalizeParams {
  readonly rows: number;
  readonly channels: number;
  readonly epsilon: number;
}

const elements = (p: { rows: number; channels: number }): number => p.rows * p.channels;
const channels = (p: { channels: number }): number => p.channels;
const parts = (p: BatchNormParams): number => p.splits * p.channels;
const rowsPerPart = (p: BatchNormParams): number => Math.ceil(p.rows / p.splits);

const shapes: readonly BatchNormParams[] = [
  { rows: 1, channels: 1, splits: 1 },
  { rows: 2, channels: 3, splits: 1 },
  { rows: 3, channels: 129, splits: 2 },
  { rows: 33, channels: 7, splits: 4 },
  { rows: 65, channels: 33, splits: 8 },
  { rows: 129, channels: 65, splits: 1 },
  // Parts of two rows leave the last of the eight parts without any.
  { rows: 13, channels: 5, splits: 8 },
  { rows: 32 * 26 * 26, channels: 32, splits: 147 },
  { rows: 32 * 81, channels: 64, splits: 51 },
  { rows: 32 * 49, channels: 64, splits: 40 },
];
const EPSILON = 1e-3;

const flat = <P>(threads: (p: P) => number, wgsl: (p: P) => string): Record<'plain', Variant<P>> => ({
  plain: { available: () => true, grid: (p) => flatGrid(threads(p)), wgsl },
});

/** Parts for `rows`: about the square root, so that neither kernel has a long sum. */
export const batchNormSplits = (rows: number): number => Math.ceil(Math.sqrt(rows));

const momentsBindings = {
  x: { access: 'read', type: 'f32', length: elements },
  /** For each part, first the channels' means, then their sums of squared deviations from those means. */
  moments: { access: 'write', type: 'f32', length: (p: BatchNormParams) => 2 * parts(p) },
} as const;

/**
 * Mean m and sum of squared deviations q of each part. The sums run over d = x − x₀, with the part's first row x₀, so
 * that a mean far from zero costs no precision: m = x₀ + Σd / n, q = Σd² − (Σd)² / n.
 */
export const batchNormMoments = defineKernel<BatchNormParams, keyof typeof momentsBindings>({
  name: 'batchnorm/moments',
  bindings: momentsBindings,
  variants: flat<BatchNormParams>(
    parts,
    (p) => `
${constants({ ROWS: p.rows, CHANNELS: p.channels, SPLITS: p.splits, PART: rowsPerPart(p), ROW: flatRow(parts(p)) })}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> moments: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  if (index >= SPLITS * CHANNELS) { return; }
  let channel = index % CHANNELS;
  let part = index / CHANNELS;
  let first = part * PART;
  let end = min(first + PART, ROWS);
  let origin = x[min(first, ROWS - 1u) * CHANNELS + channel];
  var sum = 0.0;
  var squares = 0.0;
  for (var row = first; row < end; row++) {
    let d = x[row * CHANNELS + channel] - origin;
    sum += d;
    squares = fma(d, d, squares);
  }
  let n = max(f32(end) - f32(first), 1.0);
  moments[2u * part * CHANNELS + channel] = origin + sum / n;
  moments[(2u * part + 1u) * CHANNELS + channel] = max(squares - sum * sum / n, 0.0);
}`,
  ),
  cost: (p) => ({ flops: 4 * elements(p), bytes: bindingBytes(momentsBindings, p) }),
  terms: (p) => rowsPerPart(p) + 2,
  reference: (p, { x }) => {
    const moments = new Float64Array(2 * parts(p));
    for (let part = 0; part < p.splits; part++) {
      const first = Math.min(part * rowsPerPart(p), p.rows);
      const rows = Math.min(rowsPerPart(p), p.rows - first);
      if (rows === 0) {
        // A part without rows has no mean; joining gives it no weight. It holds the last row's values and zeros.
        moments.set(x.subarray((p.rows - 1) * p.channels), 2 * part * p.channels);
        continue;
      }
      const { mean, variance } = statistics(x.subarray(first * p.channels, (first + rows) * p.channels), p.channels);
      moments.set(mean, 2 * part * p.channels);
      moments.set(
        variance.map((value) => value * rows),
        (2 * part + 1) * p.channels,
      );
    }
    return { moments };
  },
  cases: shapes,
});

const joinBindings = {
  moments: {
    access: 'read',
    type: 'f32',
    length: (p: BatchNormJoinParams) => 2 * parts(p),
    // Sums of squares are not negative.
    sample: (p, draw, i) => (Math.floor(i / p.channels) % 2 === 0 ? draw.normal() : draw.uniform() * rowsPerPart(p)),
  },
  mean: { access: 'write', type: 'f32', length: channels },
  /** Biased: divided by the number of rows. */
  variance: { access: 'write', type: 'f32', length: channels },
  movingMean: { access: 'update', type: 'f32', length: channels },
  movingVariance: { access: 'update', type: 'f32', length: channels, sample: (_, draw) => draw.uniform() + 0.5 },
} as const satisfies Record<string, Binding<BatchNormJoinParams>>;

/**
 * Joins the parts' moments and moves the averages, a thread a channel. With nₖ rows, mean mₖ and squares qₖ in part k:
 * m = Σ nₖ·mₖ / rows,  variance = Σ (qₖ + nₖ·(mₖ − m)²) / rows.
 */
export const batchNormJoin = defineKernel<BatchNormJoinParams, keyof typeof joinBindings>({
  name: 'batchnorm/join',
  bindings: joinBindings,
  variants: flat<BatchNormJoinParams>(
    channels,
    (p) => `
${constants({ ROWS: p.rows, CHANNELS: p.channels, SPLITS: p.splits, PART: rowsPerPart(p), ONE_MINUS_MOMENTUM: { f32: 1 - p.momentum } })}
@group(0) @binding(0) var<storage, read> moments: array<f32>;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;
@group(0) @binding(2) var<storage, read_write> variance: array<f32>;
@group(0) @binding(3) var<storage, read_write> movingMean: array<f32>;
@group(0) @binding(4) var<storage, read_write> movingVariance: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let channel = thread.x;
  if (channel >= CHANNELS) { return; }
  var total = 0.0;
  for (var part = 0u; part < SPLITS && part * PART < ROWS; part++) {
    total += f32(min(PART, ROWS - part * PART)) * moments[2u * part * CHANNELS + channel];
  }
  let m = total / f32(ROWS);
  var q = 0.0;
  for (var part = 0u; part < SPLITS && part * PART < ROWS; part++) {
    let delta = moments[2u * part * CHANNELS + channel] - m;
    q += fma(f32(min(PART, ROWS - part * PART)) * delta, delta, moments[(2u * part + 1u) * CHANNELS + channel]);
  }
  mean[channel] = m;
  variance[channel] = q / f32(ROWS);
  movingMean[channel] += (m - movingMean[channel]) * ONE_MINUS_MOMENTUM;
  movingVariance[channel] += (q / f32(ROWS) - movingVariance[channel]) * ONE_MINUS_MOMENTUM;
}`,
  ),
  cost: (p) => ({ flops: 10 * parts(p), bytes: bindingBytes(joinBindings, p) }),
  terms: (p) => 4 * p.splits + 4,
  reference: (p, { moments, movingMean, movingVariance }) => {
    const partRows = (part: number): number => Math.max(0, Math.min(rowsPerPart(p), p.rows - part * rowsPerPart(p)));
    const mean = new Float64Array(p.channels);
    const variance = new Float64Array(p.channels);
    for (let c = 0; c < p.channels; c++) {
      let m = 0;
      for (let part = 0; part < p.splits; part++)
        m += ((moments[2 * part * p.channels + c] as number) * partRows(part)) / p.rows;
      let q = 0;
      for (let part = 0; part < p.splits; part++) {
        if (partRows(part) === 0) continue;
        const deviation = (moments[2 * part * p.channels + c] as number) - m;
        q += (moments[(2 * part + 1) * p.channels + c] as number) + partRows(part) * deviation ** 2;
      }
      mean[c] = m;
      variance[c] = q / p.rows;
    }
    const move = (moving: Float64Array, batch: Float64Array): Float64Array =>
      moving.map((value, c) => p.momentum * value + (1 - p.momentum) * (batch[c] as number));
    return { mean, variance, movingMean: move(movingMean, mean), movingVariance: move(movingVariance, variance) };
  },
  cases: shapes.map((shape) => ({ ...shape, momentum: 0.99 })),
});

const normalizeBindings = {
  x: { access: 'read', type: 'f32', length: elements },
  mean: { access: 'read', type: 'f32', length: channels },
  variance: { access: 'read', type: 'f32', length: channels, sample: (_, draw) => draw.uniform() + 0.1 },
  gamma: { access: 'read', type: 'f32', length: channels },
  beta: { access: 'read', type: 'f32', length: channels },
  y: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<NormalizeParams>>;

/** y = γ · (x − mean) / √(variance + ε) + β, with the batch's statistics or the moving ones; a thread an element. */
export const batchNormNormalize = defineKernel<NormalizeParams, keyof typeof normalizeBindings>({
  name: 'batchnorm/normalize',
  bindings: normalizeBindings,
  variants: flat<NormalizeParams>(
    elements,
    (p) => `
${constants({ CHANNELS: p.channels, ELEMENTS: elements(p), ROW: flatRow(elements(p)), EPSILON: { f32: p.epsilon } })}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> beta: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let i = thread.y * ROW + thread.x;
  if (i >= ELEMENTS) { return; }
  let channel = i % CHANNELS;
  let xhat = (x[i] - mean[channel]) / sqrt(variance[channel] + EPSILON);
  y[i] = fma(gamma[channel], xhat, beta[channel]);
}`,
  ),
  cost: (p) => ({ flops: 5 * elements(p), bytes: bindingBytes(normalizeBindings, p) }),
  // Seven roundings, of which WGSL allows the division 2.5 and the root as much again.
  terms: () => 16,
  reference: (p, { x, mean, variance, gamma, beta }) => ({
    y: normalize(x, { mean, variance }, gamma, beta, p.epsilon),
  }),
  cases: shapes.map(({ rows, channels: count }) => ({ rows, channels: count, epsilon: EPSILON })),
});

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

/** dX = γ / √(variance + ε) · (dY − dβ / rows − x̂ · dγ / rows), a thread an element. */
export const batchNormBackward = defineKernel<NormalizeParams, keyof typeof backwardBindings>({
  name: 'batchnorm/backward',
  bindings: backwardBindings,
  variants: flat<NormalizeParams>(
    elements,
    (p) => `
${constants({ ROWS: { f32: p.rows }, CHANNELS: p.channels, ELEMENTS: elements(p), ROW: flatRow(elements(p)), EPSILON: { f32: p.epsilon } })}
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
  let i = thread.y * ROW + thread.x;
  if (i >= ELEMENTS) { return; }
  let channel = i % CHANNELS;
  let deviation = sqrt(variance[channel] + EPSILON);
  let xhat = (x[i] - mean[channel]) / deviation;
  dX[i] = gamma[channel] / deviation * (dY[i] - (dBeta[channel] + xhat * dGamma[channel]) / ROWS);
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
