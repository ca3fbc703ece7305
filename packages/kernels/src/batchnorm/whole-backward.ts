/**
 * The gradients of batch normalization as one kernel: the sums dβ and dγ, and dX with them, through the statistics of
 * the batch; with the pooling behind it, or without. The formulas are those of `backward.ts` and `pool-backward.ts`,
 * the variants those of `two-passes.ts`.
 *
 * A sum is (Σ dY, Σ dY · (x − mean)).
 * Timed by `pnpm anke bench kernels --filter batchnorm/whole`.
 */
import { type Mask, maskWgsl } from '../epilogue/epilogue.js';
import { type PoolParams, poolCases, poolConstants, poolInputs } from '../pooling/geometry.js';
import { pooledBindings } from '../pooling/max.js';
import { type Arrays, type Binding, bindingBytes, defineKernel } from '../runtime/kernel.js';
import { constants } from '../runtime/wgsl.js';
import { type AffineParams, gammaBinding, gammaWgsl } from './affine.js';
import { type BatchNormGradientsParams, batchNormBackward, batchNormGradients } from './backward.js';
import { gradientBindings, statisticsBindings } from './gradient-join.js';
import {
  areSideBySide,
  backwardRowWgsl,
  batchNormPoolBackward,
  batchNormPoolGradients,
  type PoolGradientsParams,
  ROW_SUMS_WGSL,
  rows,
  windowRows,
} from './pool-backward.js';
import { rowsOfWindows } from './pool-forward.js';
import { channels, EPSILON, elements, MASKS, shapes } from './shapes.js';
import { additions, inTwoPasses } from './two-passes.js';

interface Masked {
  /**
   * Where x is the output of a rectifier, and of the dropout behind it if there is one: the gradient goes through them.
   */
  readonly mask?: Mask;
}

/** What a kernel that only writes a binding is given for it. */
const NOTHING = new Float64Array();

const { dBeta, dGamma } = gradientBindings;
const given = { ...statisticsBindings, dBeta, dGamma };

const usedBindings = (p: AffineParams): readonly string[] =>
  Object.keys(given).filter((name) => name !== 'gamma' || gammaBinding.needed(p));

const JOINED_WGSL = 'fn joined(a: Sums, b: Sums) -> Sums { return a + b; }';

/** `keep`, and the coefficients of `gradient-join.ts`: center, factor, share and slope. */
const keepWgsl = (p: AffineParams & { readonly epsilon: number }): string => `
${constants({ EPSILON: { f32: p.epsilon } })}

fn keep(total: Sums, c: u32) {
  dBeta[c] = total.x;
  dGamma[c] = total.y / sqrt(variance[c] + EPSILON);
}

fn coefficients(total: Sums, c: u32) -> vec4f {
  let deviation = sqrt(variance[c] + EPSILON);
  let count = f32(sizes.rows);
  let slope = total.y / deviation / deviation / count;
  return vec4f(mean[c], ${gammaWgsl(p, 'c')} / deviation, total.x / count, slope);
}`;

/** Roundings of the coefficients, beside those of the sums. */
const COEFFICIENT_TERMS = 24;

export interface WholeBackwardParams extends BatchNormGradientsParams, Masked {}

const bindings = {
  x: { access: 'read', type: 'f32', length: elements },
  dY: { access: 'read', type: 'f32', length: elements },
  ...given,
  dX: { access: 'write', type: 'f32', length: elements },
} as const satisfies Record<string, Binding<WholeBackwardParams>>;

/** dβ, dγ and dX. */
export const batchNormWholeBackward = defineKernel<WholeBackwardParams, keyof typeof bindings>({
  name: 'batchnorm/whole-backward',
  bindings,
  variants: inTwoPasses<WholeBackwardParams>({
    words: 2,
    channels,
    rows: (p) => p.rows,
    units: (p) => [p.rows, p.rows],
    bindings: (p) => [
      ['x', 'dY', 'mean'],
      ['x', 'dY', ...usedBindings(p), 'dX'],
    ],
    first: () => `
fn sumOf(first: u32, end: u32, c: u32) -> Sums {
  let channels = sizes.channels;
  let center = mean[c];
  var i = first * channels + c;
  var sum = 0.0;
  var products = 0.0;
  for (var row = first; row < end; row++) {
    let gradient = dY[i];
    sum += gradient;
    products = fma(gradient, f32(x[i]) - center, products);
    i += channels;
  }
  return Sums(sum, products);
}`,
    joined: JOINED_WGSL,
    second: (p) => `
${keepWgsl(p)}
${maskWgsl(p.mask, 'x')}

fn apply(total: Sums, first: u32, end: u32, c: u32) {
  let channels = sizes.channels;
  let k = coefficients(total, c);
  var i = first * channels + c;
  for (var row = first; row < end; row++) {
    let value = f32(x[i]);
    // What is subtracted from dY is small beside it, so that only one rounding is of dY's size.
    dX[i] = masked(k.y * (dY[i] - fma(value - k.x, k.w, k.z)), value);
    i += channels;
  }
}`,
  }),
  cost: (p) => ({ flops: 9 * elements(p), bytes: bindingBytes(bindings, p) + 8 * elements(p) }),
  terms: (p) => additions(p.rows).units + additions(p.rows).joins + COEFFICIENT_TERMS + batchNormBackward.terms(p),
  reference: (p, inputs) =>
    both(batchNormGradients.reference(p, { ...inputs, coefficients: NOTHING }), (coefficients) =>
      batchNormBackward.reference(p, { ...inputs, coefficients }),
    ),
  // Errors of the coefficients add to those of dX as terms do.
  magnitudes: (p, inputs) =>
    both(batchNormGradients.magnitudes(p, { ...inputs, coefficients: NOTHING }), (coefficients) =>
      batchNormBackward.magnitudes(p, { ...inputs, coefficients }),
    ),
  cases: [
    ...shapes.map((shape, i) => {
      const mask = MASKS[i % MASKS.length];
      return { ...shape, epsilon: EPSILON, ...(mask ? { mask } : {}) };
    }),
    { rows: 33, channels: 7, epsilon: EPSILON, scale: false },
  ],
});

export interface PoolWholeBackwardParams extends PoolGradientsParams, Masked {}

const poolBindings = {
  x: { access: 'read', type: 'f32', length: poolInputs },
  ...pooledBindings,
  ...given,
  dX: { access: 'write', type: 'f32', length: poolInputs },
} as const satisfies Record<string, Binding<PoolWholeBackwardParams>>;

/** dβ, dγ and dX from the gradient of the pooling behind the normalization. */
export const batchNormPoolWholeBackward = defineKernel<PoolWholeBackwardParams, keyof typeof poolBindings>({
  name: 'batchnorm/whole-pool-backward',
  bindings: poolBindings,
  variants: inTwoPasses<PoolWholeBackwardParams>({
    words: 2,
    channels,
    rows,
    units: (p) => [rowsOfWindows(p), areSideBySide(p) ? windowRows(p) : p.batch * p.height],
    bindings: (p) => [
      ['x', 'dY', 'winner', 'mean'],
      ['x', 'dY', 'winner', ...usedBindings(p), 'dX'],
    ],
    constants: poolConstants,
    first: () => `
${ROW_SUMS_WGSL}

fn sumOf(first: u32, end: u32, c: u32) -> Sums {
  let center = mean[c];
  var sum = Sums();
  for (var row = first; row < end; row++) { sum += rowSums(row, c, center); }
  return sum;
}`,
    joined: JOINED_WGSL,
    second: (p) => `
${keepWgsl(p)}
${backwardRowWgsl(p, areSideBySide(p))}

fn apply(total: Sums, first: u32, end: u32, c: u32) {
  let k = coefficients(total, c);
  for (var row = first; row < end; row++) { backwardRow(row, c, k); }
}`,
  }),
  cost: (p) => ({ flops: 9 * poolInputs(p), bytes: bindingBytes(poolBindings, p) }),
  terms: (p) => {
    const { units, joins } = additions(rowsOfWindows(p));
    return units * p.outWidth + joins + COEFFICIENT_TERMS + batchNormPoolBackward.terms(p);
  },
  reference: (p, inputs) =>
    both(batchNormPoolGradients.reference(p, { ...inputs, coefficients: NOTHING }), (coefficients) =>
      batchNormPoolBackward.reference(p, { ...inputs, coefficients }),
    ),
  magnitudes: (p, inputs) =>
    both(batchNormPoolGradients.magnitudes(p, { ...inputs, coefficients: NOTHING }), (coefficients) =>
      batchNormPoolBackward.magnitudes(p, { ...inputs, coefficients }),
    ),
  cases: [
    ...poolCases.map((p, i) => {
      const mask = MASKS[i % MASKS.length];
      return { ...p, epsilon: EPSILON, ...(mask ? { mask } : {}) };
    }),
    { ...(poolCases[1] as PoolParams), epsilon: EPSILON, scale: false },
  ],
});

/** What the two kernels before compute, one from the other's coefficients, which are then needed no more. */
function both(
  { coefficients = NOTHING, ...sums }: Partial<Arrays<'dBeta' | 'dGamma' | 'coefficients'>>,
  gradient: (coefficients: Float64Array) => Partial<Arrays<'dX'>>,
): Partial<Arrays<'dBeta' | 'dGamma' | 'dX'>> {
  return { ...sums, ...gradient(coefficients) };
}
