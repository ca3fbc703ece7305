import {
  batchNormBackward,
  batchNormGradientJoin,
  batchNormGradientSums,
  batchNormJoin,
  batchNormMoments,
  batchNormNormalize,
  batchNormSplits,
} from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export interface BatchNormAttributes {
  readonly epsilon: number;
  readonly momentum: number;
}

type Input = 'x' | 'gamma' | 'beta' | 'movingMean' | 'movingVariance';
type Context = GradientContext<BatchNormAttributes, Input, 'mean' | 'variance'>;

const sides = (x: Tensor): { rows: number; channels: number } => {
  const channels = x.shape.at(-1) as number;
  return { rows: sizeOf(x.shape) / channels, channels };
};

/** dβ and dγ come out of the same two kernels, and dX needs both. */
function parameterGradients(context: Context): { dBeta: Tensor; dGamma: Tensor } {
  return context.once('parameters', () => {
    const { executor, inputs, saved, dY, attributes } = context;
    const shape = sides(inputs.x);
    const params = { ...shape, splits: batchNormSplits(shape.rows) };
    const sums = executor.temporary('batchnorm sums', 2 * params.splits * shape.channels * 4);
    const statistics = { mean: saved.mean, variance: saved.variance };
    executor.dispatch(
      batchNormGradientSums,
      { ...params, epsilon: attributes.epsilon },
      { x: inputs.x.storage, dY: dY.storage, ...statistics, sums },
    );
    const dBeta = context.destination('beta');
    const dGamma = context.destination('gamma');
    executor.dispatch(batchNormGradientJoin, params, { sums, dBeta: dBeta.storage, dGamma: dGamma.storage });
    return { dBeta, dGamma };
  });
}

/** Batch normalization with the batch's own statistics; moves the averages along. */
export const batchNormTraining = defineOperation({
  name: 'batchNormTraining',
  inputs: ['x', 'gamma', 'beta', 'movingMean', 'movingVariance'],
  constants: ['movingMean', 'movingVariance'],
  forward: (tape, inputs, { epsilon, momentum }: BatchNormAttributes) => {
    const { x, gamma, beta, movingMean, movingVariance } = inputs;
    const { executor } = tape;
    const shape = sides(x);
    const params = { ...shape, splits: batchNormSplits(shape.rows) };
    const moments = executor.temporary('batchnorm moments', 2 * params.splits * shape.channels * 4);
    executor.dispatch(batchNormMoments, params, { x: x.storage, moments });
    const mean = executor.temporary('batchnorm mean', shape.channels * 4);
    const variance = executor.temporary('batchnorm variance', shape.channels * 4);
    const moving = { movingMean: movingMean.storage, movingVariance: movingVariance.storage };
    executor.dispatch(batchNormJoin, { ...params, momentum }, { moments, mean, variance, ...moving });
    const y = tape.temporary('batchnorm', x.shape);
    executor.dispatch(
      batchNormNormalize,
      { ...shape, epsilon },
      { x: x.storage, mean, variance, gamma: gamma.storage, beta: beta.storage, y: y.storage },
    );
    return { output: y, saved: { mean, variance } };
  },
  gradients: {
    gamma: (context: Context): Tensor => parameterGradients(context).dGamma,
    beta: (context: Context): Tensor => parameterGradients(context).dBeta,
    x: (context: Context): Tensor => {
      const { executor, attributes, inputs, saved, dY } = context;
      const { dBeta, dGamma } = parameterGradients(context);
      const dX = context.destination('x');
      executor.dispatch(
        batchNormBackward,
        { ...sides(inputs.x), epsilon: attributes.epsilon },
        {
          x: inputs.x.storage,
          dY: dY.storage,
          mean: saved.mean,
          variance: saved.variance,
          gamma: inputs.gamma.storage,
          dBeta: dBeta.storage,
          dGamma: dGamma.storage,
          dX: dX.storage,
        },
      );
      return dX;
    },
  },
});

/** Batch normalization with the moving averages, for evaluation and prediction: nothing is trained through it. */
export const batchNormInference = defineOperation({
  name: 'batchNormInference',
  inputs: ['x', 'gamma', 'beta', 'movingMean', 'movingVariance'],
  constants: ['x', 'gamma', 'beta', 'movingMean', 'movingVariance'],
  forward: (tape, { x, gamma, beta, movingMean, movingVariance }, { epsilon }: BatchNormAttributes) => {
    const y = tape.temporary('batchnorm', x.shape);
    const parameters = { gamma: gamma.storage, beta: beta.storage };
    const moving = { mean: movingMean.storage, variance: movingVariance.storage };
    const bindings = { x: x.storage, ...moving, ...parameters, y: y.storage };
    tape.executor.dispatch(batchNormNormalize, { ...sides(x), epsilon }, bindings);
    return { output: y, saved: {} };
  },
  gradients: {},
});
