/**
 * Batch normalization's sums and what is computed with them as one kernel, forward and backward. These rules are late:
 * what else can be joined to a normalization or to its gradient has been joined by then.
 *
 *   mean = Σ x / rows, …;  y = γ · x̂ + β                     →   the same, in two passes over x
 *   dβ = Σ dY;  dγ = Σ dY · x̂;  dX = factor · (dY − …)        →   the same, in two passes over x and dY
 */
import { batchNormBackward, batchNormGradients } from '../../batchnorm/backward.js';
import { batchNormNormalize, batchNormStatistics } from '../../batchnorm/forward.js';
import { batchNormPoolBackward, batchNormPoolGradients } from '../../batchnorm/pool-backward.js';
import { batchNormPool } from '../../batchnorm/pool-forward.js';
import { batchNormPoolWholeBackward, batchNormWholeBackward } from '../../batchnorm/whole-backward.js';
import { batchNormPoolWholeForward, batchNormWholeForward } from '../../batchnorm/whole-forward.js';
import { relu, reluBackward } from '../../elementwise/elementwise.js';
import { poolParams } from '../../pooling/geometry.js';
import { maxPoolBackward, maxPoolForward } from '../../pooling/max.js';
import type { Storage } from '../../runtime/storage.js';
import { isOf, replace } from '../program.js';
import type { CaseBuilder, Rule } from '../rule.js';

const POOL = poolParams({ batch: 3, height: 9, width: 7, channels: 19, pool: [2, 2] });
const [ROWS, CHANNELS] = [3 * 9 * 7, 19];
const LENGTH = ROWS * CHANNELS;
const OUTPUTS = POOL.batch * POOL.outHeight * POOL.outWidth * CHANNELS;
const SHAPE = { rows: ROWS, channels: CHANNELS };
const NORM = { ...SHAPE, epsilon: 1e-3 };

/** A normalization by the batch's statistics, and what follows it. */
function forward(builder: CaseBuilder, follows: 'relu' | 'pool'): Readonly<Record<string, Storage>> {
  const [x, gamma, beta] = [
    builder.input('x', LENGTH),
    builder.input('gamma', CHANNELS),
    builder.input('beta', CHANNELS),
  ];
  const [movingMean, movingVariance] = [builder.input('moving mean', CHANNELS), builder.input('moving', CHANNELS)];
  const [mean, variance] = [builder.temporary('mean', CHANNELS), builder.temporary('variance', CHANNELS)];
  const normalized = builder.temporary('normalized', LENGTH);
  builder.dispatch(batchNormStatistics, { ...SHAPE, momentum: 0.9 }, { x, mean, variance, movingMean, movingVariance });
  builder.dispatch(batchNormNormalize, NORM, { x, mean, variance, gamma, beta, y: normalized });
  const results = { mean, variance, movingMean, movingVariance };
  if (follows === 'pool') {
    const [y, winner] = [builder.temporary('y', OUTPUTS), builder.temporary('winner', OUTPUTS)];
    builder.dispatch(maxPoolForward, POOL, { x: normalized, y, winner });
    return { ...results, y };
  }
  const y = builder.temporary('y', LENGTH);
  builder.dispatch(relu, { length: LENGTH, rectifier: { slope: 0 } }, { x: normalized, y });
  return { ...results, y };
}

export const batchNormWholeRule: Rule = {
  name: 'batch normalization with its statistics',
  formula: 'y = γ · (x − Σ x / rows) / √(variance + ε) + β',
  rounding: 'the rows are added in other parts',
  late: true,
  anchors: [batchNormNormalize, batchNormPool],
  match(dispatch, program) {
    if (!isOf(dispatch, batchNormNormalize) && !isOf(dispatch, batchNormPool)) return undefined;
    const statistics = program.producer(dispatch.bindings.mean);
    if (!isOf(statistics, batchNormStatistics)) return undefined;
    const { x, variance } = dispatch.bindings;
    if (statistics.bindings.x !== x || statistics.bindings.variance !== variance) return undefined;
    const { momentum } = statistics.params;
    const bindings = { ...statistics.bindings, ...dispatch.bindings };
    return isOf(dispatch, batchNormPool)
      ? replace(dispatch, [statistics], batchNormPoolWholeForward, { ...dispatch.params, momentum }, bindings)
      : replace(dispatch, [statistics], batchNormWholeForward, { ...dispatch.params, momentum }, bindings);
  },
  cases: [
    { plain: 3, fused: 1, build: (builder) => forward(builder, 'relu') },
    { plain: 3, fused: 1, build: (builder) => forward(builder, 'pool') },
  ],
};

/** The gradients of a normalization behind a rectifier, from that of what follows it. */
function backward(builder: CaseBuilder, follows: 'nothing' | 'pool'): Readonly<Record<string, Storage>> {
  const [x, mean, gamma] = [
    builder.input('x', LENGTH),
    builder.input('mean', CHANNELS),
    builder.input('gamma', CHANNELS),
  ];
  const variance = builder.input('variance', CHANNELS, (i) => 0.5 + i / 7);
  let dY = builder.input('dY', LENGTH);
  if (follows === 'pool') {
    const winner = builder.integers(
      'winner',
      Array.from({ length: OUTPUTS }, (_, i) => (i * 7 + (i >> 3)) % 4),
    );
    const dN = builder.temporary('dN', LENGTH);
    builder.dispatch(maxPoolBackward, POOL, { dY: builder.input('dY of the pooling', OUTPUTS), winner, dX: dN });
    dY = dN;
  }
  const [dBeta, dGamma] = [builder.temporary('dBeta', CHANNELS), builder.temporary('dGamma', CHANNELS)];
  const coefficients = builder.temporary('coefficients', 4 * CHANNELS);
  const [through, dX] = [builder.temporary('through', LENGTH), builder.temporary('dX', LENGTH)];
  builder.dispatch(batchNormGradients, NORM, { x, dY, mean, variance, gamma, dBeta, dGamma, coefficients });
  builder.dispatch(batchNormBackward, SHAPE, { x, dY, coefficients, dX: through });
  builder.dispatch(reluBackward, { length: LENGTH, mask: { slope: 0, keep: 1 } }, { y: x, dY: through, dX });
  return { dBeta, dGamma, dX };
}

export const batchNormWholeGradientRule: Rule = {
  name: 'all gradients of batch normalization',
  formula: 'dβ = Σ dY, dγ = Σ dY · x̂, dX = factor · (dY − (share + (x − center) · slope))',
  rounding: 'the rows are added in other parts',
  late: true,
  anchors: [batchNormBackward, batchNormPoolBackward],
  match(dispatch, program) {
    if (!isOf(dispatch, batchNormBackward) && !isOf(dispatch, batchNormPoolBackward)) return undefined;
    const { coefficients, ...bindings } = dispatch.bindings;
    const sums = program.producer(coefficients);
    if (!sums || !program.isReadOnlyBy(coefficients, dispatch)) return undefined;
    if (sums.bindings['x'] !== bindings.x || sums.bindings['dY'] !== bindings.dY) return undefined;
    if (isOf(dispatch, batchNormPoolBackward)) {
      if (!isOf(sums, batchNormPoolGradients) || sums.bindings.winner !== dispatch.bindings.winner) return undefined;
      const { coefficients: _, ...others } = sums.bindings;
      const params = { ...dispatch.params, ...sums.params };
      return replace(dispatch, [sums], batchNormPoolWholeBackward, params, { ...others, ...bindings });
    }
    if (!isOf(sums, batchNormGradients)) return undefined;
    const { coefficients: _, ...others } = sums.bindings;
    const params = { ...dispatch.params, ...sums.params };
    return replace(dispatch, [sums], batchNormWholeBackward, params, { ...others, ...bindings });
  },
  cases: [
    { plain: 3, fused: 1, build: (builder) => backward(builder, 'nothing') },
    { plain: 4, fused: 1, build: (builder) => backward(builder, 'pool') },
  ],
};
