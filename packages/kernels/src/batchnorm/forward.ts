/**
 * Batch normalization over the last axis of an array seen as (rows, channels), after Ioffe and Szegedy,
 * *Batch normalization* (arXiv:1502.03167), with Keras's conventions: the batch variance is biased, also in the moving
 * average. Float32; x and y may be stored as 16 bits.
 *
 *   x̂ = (x − mean) / √(variance + ε)        y = γ · x̂ + β
 *   moving = momentum · moving + (1 − momentum) · batch
 *
 * Timed by `pnpm anke bench kernels --filter batchnorm`.
 */
import { type Rectifier, rectifierWgsl, rectify } from '../epilogue/epilogue.js';
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants, flatGrid } from '../runtime/wgsl.js';
import { AFFINES, type AffineParams, betaBinding, betaWgsl, gammaBinding, gammaWgsl } from './affine.js';
import { deviationsAddedUp, normalize, statistics, statisticsMagnitudes } from './reference.js';
import {
  channels,
  EPSILON,
  elements,
  inRuns,
  partCount,
  partSizes,
  partStarts,
  type RowsAndChannels,
  RUN,
  rowsPerPart,
  shapes,
  varianceBinding,
} from './shapes.js';

export interface StatisticsParams extends RowsAndChannels {
  readonly momentum: number;
}

const statisticsBindings = {
  x: { access: 'read', type: 'f32', length: elements },
  mean: { access: 'write', type: 'f32', length: channels },
  /** Biased: divided by the number of rows. */
  variance: { access: 'write', type: 'f32', length: channels },
  movingMean: { access: 'update', type: 'f32', length: channels },
  movingVariance: { access: 'update', type: 'f32', length: channels, sample: (_, draw) => draw.uniform() + 0.5 },
} as const satisfies Record<string, Binding<StatisticsParams>>;

/**
 * Mean and variance of the batch; the moving averages follow them.
 *
 * The rows are cut into parts. A thread of the first dispatch sums one channel of one part; neighbouring threads read
 * neighbouring channels. The sums run over d = x − x₀, with the part's first row x₀, so that a mean far from zero costs
 * no precision: the part's mean is m = x₀ + Σd / n, its sum of squared deviations q = Σd² − (Σd)² / n.
 *
 * A thread of the second dispatch joins the parts of one channel in a fixed order. With nₖ rows in part k:
 * mean = Σ nₖ·mₖ / rows,  variance = Σ (qₖ + nₖ·(mₖ − mean)²) / rows.
 */
export const batchNormStatistics = defineKernel<StatisticsParams, keyof typeof statisticsBindings>({
  name: 'batchnorm/statistics',
  bindings: statisticsBindings,
  variants: {
    parts: {
      available: () => true,
      bindings: () => ['x', 'moments'],
      sizes: partSizes,
      grid: (p) => flatGrid(partCount(p) * p.channels),
      wgsl: (p) => `
${constants({ CHANNELS: p.channels })}

// moments: for each part, first the channels' means, then their sums of squared deviations from those means.
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * sizes.threadRow + thread.x;
  if (index >= sizes.parts * CHANNELS) { return; }
  let channel = index % CHANNELS;
  let part = index / CHANNELS;
  let first = part * sizes.rowsPerPart;
  let end = min(first + sizes.rowsPerPart, sizes.rows);
  let origin = f32(x[first * CHANNELS + channel]);
  var sum = 0.0;
  var squares = 0.0;
  for (var row = first; row < end; row++) {
    let d = f32(x[row * CHANNELS + channel]) - origin;
    sum += d;
    squares = fma(d, d, squares);
  }
  let n = f32(end) - f32(first);
  moments[2u * part * CHANNELS + channel] = origin + sum / n;
  moments[(2u * part + 1u) * CHANNELS + channel] = max(squares - sum * sum / n, 0.0);
}`,
      join: {
        scratch: (p) => ({ moments: 2 * partCount(p) * p.channels }),
        bindings: () => ['moments', 'mean', 'variance', 'movingMean', 'movingVariance'],
        sizes: (p) => ({ rows: p.rows, channels: p.channels, parts: partCount(p), rowsPerPart: rowsPerPart(p) }),
        grid: (p) => flatGrid(p.channels),
        wgsl: (p) => `
${constants({ ONE_MINUS_MOMENTUM: { f32: 1 - p.momentum } })}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let channel = thread.x;
  let rows = sizes.rows;
  let channels = sizes.channels;
  let size = sizes.rowsPerPart;
  if (channel >= channels) { return; }
  var total = 0.0;
  for (var part = 0u; part < sizes.parts; part++) {
    total += f32(min(size, rows - part * size)) * moments[2u * part * channels + channel];
  }
  let m = total / f32(rows);
  var q = 0.0;
  for (var part = 0u; part < sizes.parts; part++) {
    let delta = moments[2u * part * channels + channel] - m;
    q += fma(f32(min(size, rows - part * size)) * delta, delta, moments[(2u * part + 1u) * channels + channel]);
  }
  mean[channel] = m;
  variance[channel] = q / f32(rows);
  movingMean[channel] += (m - movingMean[channel]) * ONE_MINUS_MOMENTUM;
  movingVariance[channel] += (q / f32(rows) - movingVariance[channel]) * ONE_MINUS_MOMENTUM;
}`,
      },
    },
  },
  cost: (p) => ({
    flops: 4 * elements(p) + 10 * partCount(p) * p.channels,
    bytes: bindingBytes(statisticsBindings, p),
  }),
  terms: (p) => rowsPerPart(p) + 4 * partCount(p) + 6,
  reference: (p, { x, movingMean, movingVariance }) => {
    const { mean, variance } = statistics(x, p.channels);
    const move = (moving: Float64Array, batch: Float64Array): Float64Array =>
      moving.map((value, c) => p.momentum * value + (1 - p.momentum) * (batch[c] as number));
    return { mean, variance, movingMean: move(movingMean, mean), movingVariance: move(movingVariance, variance) };
  },
  magnitudes(p, { x, movingMean, movingVariance }) {
    const parts = { channels: p.channels, starts: partStarts(p), terms: this.terms(p) };
    const { mean, variance } = statisticsMagnitudes(x, parts);
    const move = (moving: Float64Array, batch: Float64Array): Float64Array =>
      moving.map((value, c) => Math.abs(value) + (1 - p.momentum) * ((batch[c] as number) + Math.abs(value)));
    return { mean, variance, movingMean: move(movingMean, mean), movingVariance: move(movingVariance, variance) };
  },
  cases: shapes.map((shape) => ({ ...shape, momentum: 0.99 })),
});

export interface NormalizeParams extends RowsAndChannels, AffineParams {
  readonly epsilon: number;
  /** Whether an array is added to what is normalized: that of a connection that skips some layers. */
  readonly addend?: true;
  /** What follows, if anything does. */
  readonly rectifier?: Rectifier;
}

const normalizeBindings = {
  x: { access: 'read', type: 'f32', length: elements },
  mean: { access: 'read', type: 'f32', length: channels },
  variance: varianceBinding,
  gamma: gammaBinding,
  beta: betaBinding,
  addend: { access: 'read', type: 'f32', length: elements, needed: (p) => p.addend === true },
  y: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<NormalizeParams>>;

/**
 * y = γ · (x − mean) / √(variance + ε) + β, with the addend and then the rectifier if there are such, with the batch's
 * statistics or the moving ones; a thread a run of rows.
 */
export const batchNormNormalize = defineKernel<NormalizeParams, keyof typeof normalizeBindings>({
  name: 'batchnorm/normalize',
  bindings: normalizeBindings,
  variants: inRuns<NormalizeParams>(
    (p) => `
${constants({ CHANNELS: p.channels, RUN, EPSILON: { f32: p.epsilon } })}
${p.rectifier ? rectifierWgsl(p.rectifier) : ''}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let index = thread.y * sizes.threadRow + thread.x;
  let channel = index % CHANNELS;
  let first = index / CHANNELS * RUN;
  let end = min(first + RUN, sizes.rows);
  let center = mean[channel];
  let deviation = sqrt(variance[channel] + EPSILON);
  let factor = ${gammaWgsl(p, 'channel')};
  let shift = ${betaWgsl(p, 'channel')};
  for (var row = first; row < end; row++) {
    let i = row * CHANNELS + channel;
    let value = fma(factor, (f32(x[i]) - center) / deviation, shift)${p.addend ? ' + f32(addend[i])' : ''};
    y[i] = y_t(${p.rectifier ? 'rectify(value)' : 'value'});
  }
}`,
  ),
  cost: (p) => ({ flops: (p.addend ? 6 : 5) * elements(p), bytes: bindingBytes(normalizeBindings, p) }),
  // Seven roundings, of which WGSL allows the division 2.5 and the root as much again, and that of the addend's sum.
  terms: (p) => (p.addend ? 17 : 16),
  reference: (p, { x, mean, variance, gamma, beta, addend }) => {
    const { epsilon, rectifier } = p;
    const normalized = normalize(x, { mean, variance }, gamma, beta, epsilon);
    const y = p.addend ? normalized.map((value, i) => value + (addend[i] as number)) : normalized;
    return { y: rectifier ? y.map((value) => rectify(value, rectifier)) : y };
  },
  magnitudes({ rectifier: _, ...p }, inputs) {
    return this.reference(p, deviationsAddedUp(inputs));
  },
  cases: [
    ...shapes.map((shape, i) => {
      const rectifier = [undefined, { slope: 0 }, { slope: 0, cap: 1.5 }, { slope: 0.1 }][i % 4];
      return { ...shape, epsilon: EPSILON, ...(rectifier ? { rectifier } : {}) };
    }),
    ...AFFINES.map((affine) => ({ rows: 33, channels: 7, epsilon: EPSILON, ...affine })),
    { rows: 33, channels: 7, epsilon: EPSILON, addend: true },
    { rows: 129, channels: 65, epsilon: EPSILON, addend: true, rectifier: { slope: 0 } },
  ],
});
