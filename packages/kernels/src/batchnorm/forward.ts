/**
 * Batch normalization over the last axis of an array seen as (rows, channels), after Ioffe and Szegedy,
 * *Batch normalization* (arXiv:1502.03167), with Keras's conventions: the batch variance is biased, also in the moving
 * average. All float32.
 *
 *   x̂ = (x − mean) / √(variance + ε)        y = γ · x̂ + β
 *   moving = momentum · moving + (1 − momentum) · batch
 *
 * The rows are cut into `splits` equal parts: a thread sums one channel of one part, neighbouring threads read
 * neighbouring channels, and a second, small kernel joins the parts in a fixed order.
 * Timed by `pnpm anke bench kernels --filter batchnorm`.
 */
import { type Binding, bindingBytes, constants, defineKernel, flatRow } from '../runtime/kernel.js';
import { normalize, statistics } from './reference.js';
import {
  type BatchNormJoinParams,
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

/** y = γ · (x − mean) / √(variance + ε) + β, with the batch's statistics or the moving ones; a thread a run of rows. */
export const batchNormNormalize = defineKernel<NormalizeParams, keyof typeof normalizeBindings>({
  name: 'batchnorm/normalize',
  bindings: normalizeBindings,
  variants: flat<NormalizeParams>(
    runs,
    (p) => `
${constants({ ROWS: p.rows, CHANNELS: p.channels, RUN, ROW: flatRow(runs(p)), EPSILON: { f32: p.epsilon } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * ROW + thread.x;
  let channel = index % CHANNELS;
  let first = index / CHANNELS * RUN;
  let center = mean[channel];
  let deviation = sqrt(variance[channel] + EPSILON);
  let factor = gamma[channel];
  let shift = beta[channel];
  for (var row = first; row < min(first + RUN, ROWS); row++) {
    let i = row * CHANNELS + channel;
    y[i] = fma(factor, (x[i] - center) / deviation, shift);
  }
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
