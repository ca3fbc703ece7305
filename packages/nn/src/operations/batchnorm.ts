import {
  batchNormBackward,
  batchNormGradientJoin,
  batchNormGradientSums,
  batchNormJoin,
  batchNormMoments,
  batchNormNormalize,
  batchNormPool,
  batchNormPoolBackward,
  batchNormPoolGradientSums,
  batchNormSplits,
  type Executor,
  type MaxPoolParams,
  poolGradientSplits,
  type Storage,
} from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tape } from '../autograd/tape.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export interface BatchNormAttributes {
  readonly epsilon: number;
  readonly momentum: number;
}

export interface BatchNormPoolAttributes extends BatchNormAttributes {
  /** The max pooling behind the normalization. */
  readonly pool: MaxPoolParams;
}

type Input = 'x' | 'gamma' | 'beta' | 'movingMean' | 'movingVariance';
type Inputs = Readonly<Record<Input, Tensor>>;
type Context<A extends BatchNormAttributes, S extends string = never> = GradientContext<
  A,
  Input,
  'mean' | 'variance' | S
>;

const INPUTS: readonly Input[] = ['x', 'gamma', 'beta', 'movingMean', 'movingVariance'];

const sides = (x: Tensor): { rows: number; channels: number } => {
  const channels = x.shape.at(-1) as number;
  return { rows: sizeOf(x.shape) / channels, channels };
};

/** Mean and variance of the batch; moves the averages along. */
function statistics(
  executor: Executor,
  { x, movingMean, movingVariance }: Inputs,
  momentum: number,
): { readonly mean: Storage; readonly variance: Storage } {
  const shape = sides(x);
  const params = { ...shape, splits: batchNormSplits(shape.rows) };
  const moments = executor.temporary('batchnorm moments', 2 * params.splits * shape.channels * 4);
  executor.dispatch(batchNormMoments, params, { x: x.storage, moments });
  const mean = executor.temporary('batchnorm mean', shape.channels * 4);
  const variance = executor.temporary('batchnorm variance', shape.channels * 4);
  const moving = { movingMean: movingMean.storage, movingVariance: movingVariance.storage };
  executor.dispatch(batchNormJoin, { ...params, momentum }, { moments, mean, variance, ...moving });
  return { mean, variance };
}

/** dβ, dγ and the coefficients of dX from the parts' sums. */
function joinGradients(
  context: Context<BatchNormAttributes>,
  splits: number,
  sums: Storage,
): { dBeta: Tensor; dGamma: Tensor; coefficients: Storage } {
  const { executor, inputs, saved, attributes } = context;
  const shape = sides(inputs.x);
  const dBeta = context.destination('beta');
  const dGamma = context.destination('gamma');
  const coefficients = executor.temporary('batchnorm coefficients', 4 * shape.channels * 4);
  executor.dispatch(
    batchNormGradientJoin,
    { ...shape, splits, epsilon: attributes.epsilon },
    {
      sums,
      mean: saved.mean,
      variance: saved.variance,
      gamma: inputs.gamma.storage,
      dBeta: dBeta.storage,
      dGamma: dGamma.storage,
      coefficients,
    },
  );
  return { dBeta, dGamma, coefficients };
}

const parameterGradients = (context: Context<BatchNormAttributes>) =>
  context.once('parameters', () => {
    const { executor, inputs, saved, dY, attributes } = context;
    const shape = sides(inputs.x);
    const params = { ...shape, splits: batchNormSplits(shape.rows), epsilon: attributes.epsilon };
    const sums = executor.temporary('batchnorm sums', 2 * params.splits * shape.channels * 4);
    const { mean, variance } = saved;
    executor.dispatch(batchNormGradientSums, params, {
      x: inputs.x.storage,
      dY: dY.storage,
      mean,
      variance,
      sums,
    });
    return joinGradients(context, params.splits, sums);
  });

/** Batch normalization with the batch's own statistics; moves the averages along. */
export const batchNormTraining = defineOperation({
  name: 'batchNormTraining',
  inputs: INPUTS,
  constants: ['movingMean', 'movingVariance'],
  forward: (tape, inputs, { epsilon, momentum }: BatchNormAttributes) => {
    const saved = statistics(tape.executor, inputs, momentum);
    return { output: normalized(tape, inputs, saved, epsilon), saved };
  },
  gradients: {
    gamma: (context: Context<BatchNormAttributes>): Tensor => parameterGradients(context).dGamma,
    beta: (context: Context<BatchNormAttributes>): Tensor => parameterGradients(context).dBeta,
    x: (context: Context<BatchNormAttributes>): Tensor => {
      const { executor, inputs, dY } = context;
      const { coefficients } = parameterGradients(context);
      const dX = context.destination('x');
      const params = { ...sides(inputs.x), mask: context.takeMask('x') };
      const bindings = { x: inputs.x.storage, dY: dY.storage, coefficients, dX: dX.storage };
      executor.dispatch(batchNormBackward, params, bindings);
      return dX;
    },
  },
});

function normalized(
  tape: Tape,
  { x, gamma, beta }: Inputs,
  statistic: { readonly mean: Storage; readonly variance: Storage },
  epsilon: number,
): Tensor {
  const y = tape.activation('batchnorm', x.shape);
  const parameters = { gamma: gamma.storage, beta: beta.storage };
  tape.executor.dispatch(
    batchNormNormalize,
    { ...sides(x), epsilon },
    { x: x.storage, ...statistic, ...parameters, y: y.storage },
  );
  return y;
}

const poolParameterGradients = (context: Context<BatchNormPoolAttributes, 'winner'>) =>
  context.once('parameters', () => {
    const { executor, inputs, saved, dY, attributes } = context;
    const { pool, epsilon } = attributes;
    const params = { ...pool, epsilon, splits: poolGradientSplits(pool) };
    const sums = executor.temporary('batchnorm sums', 2 * params.splits * pool.channels * 4);
    const { mean, variance, winner } = saved;
    executor.dispatch(batchNormPoolGradientSums, params, {
      x: inputs.x.storage,
      dY: dY.storage,
      winner,
      mean,
      variance,
      sums,
    });
    return joinGradients(context, params.splits, sums);
  });

/** {@link batchNormTraining} and a max pooling, as one. */
export const batchNormPoolTraining = defineOperation({
  name: 'batchNormPoolTraining',
  inputs: INPUTS,
  constants: ['movingMean', 'movingVariance'],
  forward: (tape, inputs, { pool, epsilon, momentum }: BatchNormPoolAttributes) => {
    const saved = statistics(tape.executor, inputs, momentum);
    const { y, winner } = normalizedAndPooled(tape, inputs, saved, pool, epsilon);
    return { output: y, saved: { ...saved, winner } };
  },
  gradients: {
    gamma: (context: Context<BatchNormPoolAttributes, 'winner'>): Tensor => poolParameterGradients(context).dGamma,
    beta: (context: Context<BatchNormPoolAttributes, 'winner'>): Tensor => poolParameterGradients(context).dBeta,
    x: (context: Context<BatchNormPoolAttributes, 'winner'>): Tensor => {
      const { executor, attributes, inputs, saved, dY } = context;
      const { coefficients } = poolParameterGradients(context);
      const dX = context.destination('x');
      const params = { ...attributes.pool, mask: context.takeMask('x') };
      const bindings = { x: inputs.x.storage, dY: dY.storage, winner: saved.winner, coefficients, dX: dX.storage };
      executor.dispatch(batchNormPoolBackward, params, bindings);
      return dX;
    },
  },
});

function normalizedAndPooled(
  tape: Tape,
  { x, gamma, beta }: Inputs,
  statistic: { readonly mean: Storage; readonly variance: Storage },
  pool: MaxPoolParams,
  epsilon: number,
): { y: Tensor; winner: Storage } {
  const shape = [pool.batch, pool.outHeight, pool.outWidth, pool.channels];
  const y = tape.activation('batchnorm and maxpool', shape);
  const winner = tape.temporary('maxpool winner', shape).storage;
  const parameters = { gamma: gamma.storage, beta: beta.storage };
  tape.executor.dispatch(
    batchNormPool,
    { ...pool, epsilon },
    { x: x.storage, ...statistic, ...parameters, y: y.storage, winner },
  );
  return { y, winner };
}

const moving = ({ movingMean, movingVariance }: Inputs) => ({
  mean: movingMean.storage,
  variance: movingVariance.storage,
});

/** Batch normalization with the moving averages, for evaluation and prediction: nothing is trained through it. */
export const batchNormInference = defineOperation({
  name: 'batchNormInference',
  inputs: INPUTS,
  constants: INPUTS,
  forward: (tape, inputs, { epsilon }: BatchNormAttributes) => ({
    output: normalized(tape, inputs, moving(inputs), epsilon),
    saved: {},
  }),
  gradients: {},
});

/** {@link batchNormInference} and a max pooling, as one. */
export const batchNormPoolInference = defineOperation({
  name: 'batchNormPoolInference',
  inputs: INPUTS,
  constants: INPUTS,
  forward: (tape, inputs, { pool, epsilon }: BatchNormPoolAttributes) => ({
    output: normalizedAndPooled(tape, inputs, moving(inputs), pool, epsilon).y,
    saved: {},
  }),
  gradients: {},
});
