/**
 * Batch normalization's statistics and what is done with them, as one kernel: the normalization, with what the fusion
 * pass has joined to it, or the pooling behind it. A dispatch less, or two, and each channel's numbers are loaded once.
 * The formulas are those of `forward.ts` and `pool-forward.ts`, the variants those of `two-passes.ts`.
 *
 * A sum is (n, mean, q): rows, their mean, and their squared deviations from it, added up. A chunk's runs over
 * d = x − x₀, with its first row x₀, so that a mean far from zero costs no precision: mean = x₀ + Σd / n,
 * q = Σd² − (Σd)² / n. Of two, after Chan, Golub and LeVeque, *Updating formulae and a pairwise algorithm for computing
 * sample variances* (1979): mean = mean₁ + δ · n₂ / n, q = q₁ + q₂ + δ² · n₁ · n₂ / n, with δ = mean₂ − mean₁.
 *
 * Timed by `pnpm anke bench kernels --filter batchnorm/whole`.
 */
import { rectifierWgsl } from '../epilogue/epilogue.js';
import { type PoolParams, poolCases, poolConstants, poolInputs, poolOutputs } from '../pooling/geometry.js';
import { maxPoolReference } from '../pooling/max.js';
import { type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants } from '../runtime/wgsl.js';
import { AFFINES, betaBinding, betaWgsl, gammaBinding, gammaWgsl } from './affine.js';
import { batchNormNormalize, batchNormStatistics, type NormalizeParams, type StatisticsParams } from './forward.js';
import { rows } from './pool-backward.js';
import { batchNormPool, type NormalizePoolParams, poolRowWgsl, rowsOfWindows } from './pool-forward.js';
import { type Statistics, statistics, statisticsMagnitudes } from './reference.js';
import { channels, EPSILON, elements, MASKS, shapes } from './shapes.js';
import { additions, chunkStarts, inTwoPasses } from './two-passes.js';

/** What a kernel that only writes a binding is given for it. */
const NOTHING = { mean: new Float64Array(), variance: new Float64Array() };

export interface WholeForwardParams extends StatisticsParams, NormalizeParams {}

const statisticsBindings = {
  mean: { access: 'write', type: 'f32', length: channels },
  variance: { access: 'write', type: 'f32', length: channels },
  movingMean: { access: 'update', type: 'f32', length: channels },
  movingVariance: { access: 'update', type: 'f32', length: channels, sample: (_, draw) => draw.uniform() + 0.5 },
} as const satisfies Record<string, Binding<{ readonly channels: number }>>;

const bindings = {
  x: { access: 'read', type: 'f32', length: elements },
  ...statisticsBindings,
  gamma: gammaBinding,
  beta: betaBinding,
  addend: { access: 'read', type: 'f32', length: elements, needed: (p) => p.addend === true },
  y: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<WholeForwardParams>>;

const JOINED_WGSL = `
fn joined(a: Sums, b: Sums) -> Sums {
  let n = a.x + b.x;
  let share = b.x / max(n, 1.0);
  let delta = b.y - a.y;
  return Sums(n, fma(delta, share, a.y), a.z + b.z + delta * delta * a.x * share);
}`;

const SUM_WGSL = `
fn sumOf(first: u32, end: u32, c: u32) -> Sums {
  let channels = sizes.channels;
  var i = first * channels + c;
  let origin = f32(x[i]);
  var sum = 0.0;
  var squares = 0.0;
  for (var row = first; row < end; row++) {
    let d = f32(x[i]) - origin;
    sum += d;
    squares = fma(d, d, squares);
    i += channels;
  }
  let n = f32(end - first);
  return Sums(n, origin + sum / n, max(squares - sum * sum / n, 0.0));
}`;

const keepWgsl = ({ momentum, epsilon }: { readonly momentum: number; readonly epsilon: number }): string => `
${constants({ ONE_MINUS_MOMENTUM: { f32: 1 - momentum }, EPSILON: { f32: epsilon } })}

fn keep(total: Sums, c: u32) {
  let v = total.z / total.x;
  mean[c] = total.y;
  variance[c] = v;
  movingMean[c] += (total.y - movingMean[c]) * ONE_MINUS_MOMENTUM;
  movingVariance[c] += (v - movingVariance[c]) * ONE_MINUS_MOMENTUM;
}`;

const usedBindings = (p: { readonly scale?: false; readonly center?: false; readonly addend?: true }): string[] => [
  'x',
  ...Object.keys(statisticsBindings),
  ...(p.scale === false ? [] : ['gamma']),
  ...(p.center === false ? [] : ['beta']),
  ...(p.addend ? ['addend'] : []),
  'y',
];

/** Roundings behind the statistics of so many rows: three of a chunk, six of each that is joined, those of moving. */
const statisticsTerms = (count: number): number => additions(count).units + 6 * additions(count).joins + 9;

/** {@link statisticsMagnitudes} by whichever variant gives the largest. */
function largestMagnitudes(x: Float64Array, count: number, p: { readonly channels: number }): Statistics {
  const all = chunkStarts({ units: count, elements: x.length }).map((starts) =>
    statisticsMagnitudes(x, { channels: p.channels, starts, terms: statisticsTerms(count) }),
  );
  const largest = (name: keyof Statistics): Float64Array =>
    Float64Array.from({ length: p.channels }, (_, c) => Math.max(...all.map((one) => one[name][c] as number)));
  return { mean: largest('mean'), variance: largest('variance') };
}

interface Normalized {
  readonly channels: number;
  readonly momentum: number;
  readonly epsilon: number;
}
type Inputs = Readonly<Record<'x' | 'movingMean' | 'movingVariance' | 'gamma', Float64Array>>;

/**
 * Magnitudes of the statistics and of what is normalized with them. To first order, y is off by what γ / √(v + ε) makes
 * of the mean's error, and by the variance's error times γ · |x − mean| / (2 · (v + ε) · √(v + ε)).
 *
 * @param count rows of x
 * @param own the magnitudes of y where mean and variance are given
 */
function wholeMagnitudes(p: Normalized, count: number, { x, movingMean, movingVariance, gamma }: Inputs) {
  const { mean, variance } = statistics(x, p.channels);
  const size = largestMagnitudes(x, count, p);
  const move = (moving: Float64Array, batch: Float64Array): Float64Array =>
    moving.map((value, c) => Math.abs(value) + (1 - p.momentum) * ((batch[c] as number) + Math.abs(value)));
  const ofStatistics = x.map((value, i) => {
    const c = i % p.channels;
    const v = (variance[c] as number) + p.epsilon;
    const deviation = Math.abs(value - (mean[c] as number));
    const factor = Math.abs(gamma[c] ?? 1) / Math.sqrt(v);
    return factor * ((size.mean[c] as number) + (deviation / (2 * v)) * (size.variance[c] as number));
  });
  return {
    statistics: { mean, variance },
    magnitudes: {
      ...size,
      movingMean: move(movingMean, size.mean),
      movingVariance: move(movingVariance, size.variance),
    },
    ofStatistics,
  };
}

/** Statistics, moving averages, and y = γ · (x − mean) / √(variance + ε) + β with the addend and the rectifier. */
export const batchNormWholeForward = defineKernel<WholeForwardParams, keyof typeof bindings>({
  name: 'batchnorm/whole-forward',
  bindings,
  variants: inTwoPasses<WholeForwardParams>({
    words: 3,
    channels,
    rows: (p) => p.rows,
    units: (p) => [p.rows, p.rows],
    bindings: (p) => [['x'], usedBindings(p)],
    first: () => SUM_WGSL,
    joined: JOINED_WGSL,
    second: (p) => `
${p.rectifier ? rectifierWgsl(p.rectifier) : ''}
${keepWgsl(p)}

fn apply(total: Sums, first: u32, end: u32, c: u32) {
  let channels = sizes.channels;
  let center = total.y;
  let deviation = sqrt(total.z / total.x + EPSILON);
  let factor = ${gammaWgsl(p, 'c')};
  let shift = ${betaWgsl(p, 'c')};
  var i = first * channels + c;
  for (var row = first; row < end; row++) {
    let value = fma(factor, (f32(x[i]) - center) / deviation, shift)${p.addend ? ' + f32(addend[i])' : ''};
    y[i] = y_t(${p.rectifier ? 'rectify(value)' : 'value'});
    i += channels;
  }
}`,
  }),
  cost: (p) => ({ flops: 9 * elements(p), bytes: bindingBytes(bindings, p) + 4 * elements(p) }),
  terms: (p) => statisticsTerms(p.rows) + batchNormNormalize.terms(p),
  reference: (p, inputs) => {
    const batch = batchNormStatistics.reference(p, { ...inputs, ...NOTHING });
    return { ...batch, ...batchNormNormalize.reference(p, { ...inputs, ...(batch as Statistics) }) };
  },
  magnitudes: (p, inputs) => {
    const { statistics: batch, magnitudes, ofStatistics } = wholeMagnitudes(p, p.rows, inputs);
    const { y } = batchNormNormalize.magnitudes(p, { ...inputs, ...batch });
    return { ...magnitudes, y: ofStatistics.map((value, i) => value + (y?.[i] as number)) };
  },
  cases: [
    ...shapes.map((shape, i) => {
      const { slope, cap } = MASKS[i % MASKS.length] ?? {};
      const rectifier = slope === undefined ? {} : { rectifier: { slope, ...(cap === undefined ? {} : { cap }) } };
      return { ...shape, momentum: 0.99, epsilon: EPSILON, ...rectifier };
    }),
    ...AFFINES.map((affine) => ({ rows: 33, channels: 7, momentum: 0.9, epsilon: EPSILON, ...affine })),
    { rows: 129, channels: 65, momentum: 0.99, epsilon: EPSILON, addend: true, rectifier: { slope: 0 } },
  ],
});

export interface PoolWholeForwardParams extends NormalizePoolParams {
  readonly momentum: number;
}

const poolBindings = {
  // Few distinct values: windows hold ties, and values that differ still do after rounding.
  x: { access: 'read', type: 'f32', length: poolInputs, sample: (_, draw) => draw.integer(5) - 4 },
  ...statisticsBindings,
  gamma: gammaBinding,
  beta: betaBinding,
  y: { access: 'write', type: 'f32', length: poolOutputs },
  winner: { access: 'write', type: 'u32', length: poolOutputs },
} as const satisfies Record<string, Binding<PoolWholeForwardParams>>;

/** Statistics, moving averages, and the largest of each window of γ · (x − mean) / √(variance + ε) + β. */
export const batchNormPoolWholeForward = defineKernel<PoolWholeForwardParams, keyof typeof poolBindings>({
  name: 'batchnorm/whole-pool-forward',
  bindings: poolBindings,
  variants: inTwoPasses<PoolWholeForwardParams>({
    words: 3,
    channels,
    rows,
    units: (p) => [rows(p), rowsOfWindows(p)],
    bindings: (p) => [['x'], [...usedBindings(p), 'winner']],
    first: () => SUM_WGSL,
    joined: JOINED_WGSL,
    constants: poolConstants,
    second: (p) => `
${poolRowWgsl(p)}
${keepWgsl(p)}

fn apply(total: Sums, first: u32, end: u32, c: u32) {
  let deviation = sqrt(total.z / total.x + EPSILON);
  for (var row = first; row < end; row++) { poolRow(row, c, total.y, deviation); }
}`,
  }),
  cost: (p) => ({ flops: 10 * poolInputs(p), bytes: bindingBytes(poolBindings, p) + 4 * poolInputs(p) }),
  terms: (p) => statisticsTerms(rows(p)) + batchNormPool.terms(p),
  reference: (p, inputs) => {
    const batch = batchNormStatistics.reference({ ...p, rows: rows(p) }, { ...inputs, ...NOTHING });
    return { ...batch, ...batchNormPool.reference(p, { ...inputs, ...(batch as Statistics) }) };
  },
  magnitudes: (p, inputs) => {
    const { statistics: batch, magnitudes, ofStatistics } = wholeMagnitudes(p, rows(p), inputs);
    const { y } = batchNormPool.magnitudes(p, { ...inputs, ...batch });
    return { ...magnitudes, y: largestOfWindows(p, ofStatistics).map((value, i) => value + (y?.[i] as number)) };
  },
  cases: [
    ...poolCases.map((p) => ({ ...p, momentum: 0.99, epsilon: EPSILON })),
    ...AFFINES.map((affine, i) => ({ ...(poolCases[i] as PoolParams), momentum: 0.9, epsilon: EPSILON, ...affine })),
  ],
});

/** The largest of some numbers is off by no more than the one that is off the most. */
const largestOfWindows = (p: PoolParams, sizes: Float64Array): Float64Array => maxPoolReference(p, sizes).y;
