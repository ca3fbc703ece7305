/**
 * Batch normalization and the max pooling behind it as one kernel, forward and backward: the array between them, as
 * large as the input, is never written.
 *
 *   n = γ · x̂ + β;  y = max over windows of n              →   y = max over windows of γ · x̂ + β
 *   dN = the pooling's gradient;  dβ = Σ dN;  dγ = Σ dN · x̂    →   the same sums over the windows' winners
 *   dX = factor · (dN − (share + (x − center) · slope))       →   the same, with dN read through the winners
 */
import { affineOf } from '../../batchnorm/affine.js';
import { batchNormBackward, batchNormGradients } from '../../batchnorm/backward.js';
import { batchNormNormalize } from '../../batchnorm/forward.js';
import { batchNormPoolBackward, batchNormPoolGradients } from '../../batchnorm/pool-backward.js';
import { batchNormPool } from '../../batchnorm/pool-forward.js';
import { poolParams } from '../../pooling/geometry.js';
import { maxPoolBackward, maxPoolForward } from '../../pooling/max.js';
import type { Dispatch } from '../../runtime/dispatch.js';
import type { Storage } from '../../runtime/storage.js';
import { type DispatchOf, isOf, type Program, replace } from '../program.js';
import type { CaseBuilder, Rule } from '../rule.js';

/** The pooling's gradient behind dN, if only kernels of batch normalization read dN. */
function pooledGradient(
  dN: Storage,
  program: Program,
): (Dispatch & Pick<DispatchOf<ReturnType<typeof poolParams>, 'dY' | 'winner'>, 'params' | 'bindings'>) | undefined {
  const pooling = program.producer(dN);
  if (!isOf(pooling, maxPoolBackward) || !program.isTemporary(dN)) return undefined;
  const readers = program.readers(dN);
  const fits = readers.every((reader) => isOf(reader, batchNormGradients) || isOf(reader, batchNormBackward));
  return fits ? pooling : undefined;
}

const POOL = poolParams({ batch: 3, height: 9, width: 7, channels: 19, pool: [2, 2] });
const [ROWS, CHANNELS] = [3 * 9 * 7, 19];
const OUTPUTS = POOL.batch * POOL.outHeight * POOL.outWidth * CHANNELS;
const NORM = { rows: ROWS, channels: CHANNELS, epsilon: 1e-3 };

function statistics(builder: CaseBuilder) {
  return {
    x: builder.input('x', ROWS * CHANNELS),
    mean: builder.input('mean', CHANNELS),
    variance: builder.input('variance', CHANNELS, (i) => 0.5 + i / 7),
    gamma: builder.input('gamma', CHANNELS),
  };
}

export const batchNormPoolRule: Rule = {
  name: 'batch normalization and max pooling',
  formula: 'y = max over windows of γ · x̂ + β',
  anchors: [maxPoolForward],
  match(dispatch, program) {
    if (!isOf(dispatch, maxPoolForward)) return undefined;
    const { x: normalized, y, winner } = dispatch.bindings;
    const normalization = program.producer(normalized);
    if (!isOf(normalization, batchNormNormalize)) return undefined;
    if (normalization.params.rectifier || normalization.params.addend) return undefined;
    if (!program.isReadOnlyBy(normalized, dispatch)) return undefined;
    const { epsilon } = normalization.params;
    const params = { ...dispatch.params, epsilon, ...affineOf(normalization.params) };
    return replace(dispatch, [normalization], batchNormPool, params, { ...normalization.bindings, y, winner });
  },
  cases: [
    {
      plain: 2,
      fused: 1,
      build(builder) {
        const normalized = builder.temporary('normalized', ROWS * CHANNELS);
        const [y, winner] = [builder.temporary('y', OUTPUTS), builder.temporary('winner', OUTPUTS)];
        const inputs = { ...statistics(builder), beta: builder.input('beta', CHANNELS) };
        builder.dispatch(batchNormNormalize, NORM, { ...inputs, y: normalized });
        builder.dispatch(maxPoolForward, POOL, { x: normalized, y, winner });
        return { y };
      },
    },
  ],
};

/** The gradient of a normalized array, from that of a pooling. */
function pooled(builder: CaseBuilder): Storage {
  const dY = builder.input('dY', OUTPUTS);
  const winner = builder.integers(
    'winner',
    Array.from({ length: OUTPUTS }, (_, i) => (i * 7 + (i >> 3)) % 4),
  );
  const dN = builder.temporary('dN', ROWS * CHANNELS);
  builder.dispatch(maxPoolBackward, POOL, { dY, winner, dX: dN });
  return dN;
}

export const batchNormPoolGradientsRule: Rule = {
  name: 'sums of batch normalization’s gradient over a pooling’s winners',
  formula: 'dβ = Σ dN, dγ = Σ dN · x̂, with dN = dY at the winners',
  rounding: 'a part of the sum is some rows of windows instead of some rows of elements',
  anchors: [batchNormGradients],
  match(dispatch, program) {
    if (!isOf(dispatch, batchNormGradients)) return undefined;
    const pooling = pooledGradient(dispatch.bindings.dY, program);
    if (!pooling) return undefined;
    const { dY, winner } = pooling.bindings;
    const params = { ...pooling.params, epsilon: dispatch.params.epsilon, ...affineOf(dispatch.params) };
    return replace(dispatch, [], batchNormPoolGradients, params, { ...dispatch.bindings, dY, winner });
  },
  cases: [
    {
      plain: 2,
      fused: 1,
      build(builder) {
        const [dBeta, dGamma] = [builder.temporary('dBeta', CHANNELS), builder.temporary('dGamma', CHANNELS)];
        const results = { dBeta, dGamma, coefficients: builder.temporary('coefficients', 4 * CHANNELS) };
        builder.dispatch(batchNormGradients, NORM, { ...statistics(builder), dY: pooled(builder), ...results });
        return results;
      },
    },
  ],
};

export const batchNormPoolBackwardRule: Rule = {
  name: 'gradient of batch normalization over a pooling’s winners',
  formula: 'dX = factor · (dN − (share + (x − center) · slope)), with dN = dY at the winners',
  anchors: [batchNormBackward],
  match(dispatch, program) {
    if (!isOf(dispatch, batchNormBackward)) return undefined;
    const pooling = pooledGradient(dispatch.bindings.dY, program);
    if (!pooling) return undefined;
    const { dY, winner } = pooling.bindings;
    const { mask } = dispatch.params;
    const params = { ...pooling.params, ...(mask ? { mask } : {}) };
    return replace(dispatch, [], batchNormPoolBackward, params, { ...dispatch.bindings, dY, winner });
  },
  cases: [
    {
      plain: 2,
      fused: 1,
      build(builder) {
        const [x, coefficients] = [builder.input('x', ROWS * CHANNELS), builder.input('coefficients', 4 * CHANNELS)];
        const dX = builder.temporary('dX', ROWS * CHANNELS);
        const bindings = { x, dY: pooled(builder), coefficients, dX };
        builder.dispatch(batchNormBackward, { rows: ROWS, channels: CHANNELS }, bindings);
        return { dX };
      },
    },
  ],
};
