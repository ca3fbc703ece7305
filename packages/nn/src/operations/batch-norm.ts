/**
 * Batch normalization of the last axis' channels:
 *
 *   y = γ · (x − mean) / √(variance + ε) + β
 *
 * In training, mean and variance are those of the batch, through which gradients flow, and the moving averages follow
 * them. In inference, and where the layer is frozen, they are the moving averages, which are constants. A γ that is
 * left out is 1, a β that is left out is 0.
 */
import {
  batchNormBackward,
  batchNormGradients,
  batchNormInferenceBackward,
  batchNormNormalize,
  batchNormStatistics,
  type Storage,
} from '@anke/kernels';
import { defineOperation, type GradientContext, type Workspace } from '../autograd/operation.js';
import { sizeOf, storagesOf, type Tensor } from '../autograd/tensor.js';

export interface BatchNormAttributes {
  readonly epsilon: number;
  /** Share of the old value in the moving averages. */
  readonly momentum: number;
}

interface Inputs {
  readonly x: Tensor;
  readonly gamma?: Tensor | undefined;
  readonly beta?: Tensor | undefined;
  readonly movingMean: Tensor;
  readonly movingVariance: Tensor;
}

type Statistics = Readonly<Record<'mean' | 'variance', Storage>>;
type Context = GradientContext<BatchNormAttributes, Inputs, keyof Statistics>;

const sides = ({ shape }: Tensor): { rows: number; channels: number } => {
  const channels = shape.at(-1) ?? 1;
  return { rows: sizeOf(shape) / channels, channels };
};

/** How the kernels are told that there is no γ, or no β. */
const scaled = (gamma: Tensor | undefined) => (gamma ? {} : { scale: false as const });
const centered = (beta: Tensor | undefined) => (beta ? {} : { center: false as const });

function normalized(
  tape: Workspace,
  { x, gamma, beta }: Inputs,
  { mean, variance }: Statistics,
  epsilon: number,
): Tensor {
  const y = tape.activation('batch norm', x.shape);
  const bindings = { x: x.storage, mean, variance, ...storagesOf({ gamma, beta }), y: y.storage };
  tape.executor.dispatch(batchNormNormalize, { ...sides(x), epsilon, ...scaled(gamma), ...centered(beta) }, bindings);
  return y;
}

/** dβ, dγ, and what the gradient of x needs of them. */
const parameterGradients = (context: Context) =>
  context.once('parameters', () => {
    const { tape, executor, inputs, saved, dY, attributes } = context;
    const shape = sides(inputs.x);
    // The sums are needed in any case.
    const sumsOf = (name: 'beta' | 'gamma') =>
      inputs[name] ? context.destination(name) : tape.temporary(`batch norm sums for ${name}`, [shape.channels]);
    const [dBeta, dGamma] = [sumsOf('beta'), sumsOf('gamma')];
    const coefficients = tape.temporary('batch norm coefficients', [4, shape.channels]).storage;
    executor.dispatch(
      batchNormGradients,
      { ...shape, epsilon: attributes.epsilon, ...scaled(inputs.gamma) },
      {
        x: inputs.x.storage,
        dY: dY.storage,
        mean: saved.mean,
        variance: saved.variance,
        ...storagesOf({ gamma: inputs.gamma }),
        dBeta: dBeta.storage,
        dGamma: dGamma.storage,
        coefficients,
      },
    );
    return { dBeta, dGamma, coefficients };
  });

export const batchNormTraining = defineOperation<BatchNormAttributes, Inputs, keyof Statistics>({
  name: 'batchNormTraining',
  forward(tape, inputs, { epsilon, momentum }) {
    const { x, movingMean, movingVariance } = inputs;
    const shape = sides(x);
    const mean = tape.temporary('batch norm mean', [shape.channels]).storage;
    const variance = tape.temporary('batch norm variance', [shape.channels]).storage;
    const moving = { movingMean: movingMean.storage, movingVariance: movingVariance.storage };
    tape.executor.dispatch(batchNormStatistics, { ...shape, momentum }, { x: x.storage, mean, variance, ...moving });
    const saved = { mean, variance };
    return { output: normalized(tape, inputs, saved, epsilon), saved };
  },
  gradients: {
    gamma: (context) => parameterGradients(context).dGamma,
    beta: (context) => parameterGradients(context).dBeta,
    x(context) {
      const { executor, inputs, dY } = context;
      const { coefficients } = parameterGradients(context);
      const dX = context.destination('x');
      const bindings = { x: inputs.x.storage, dY: dY.storage, coefficients, dX: dX.storage };
      executor.dispatch(batchNormBackward, sides(inputs.x), bindings);
      return dX;
    },
    movingMean: 'constant',
    movingVariance: 'constant',
  },
});

export const batchNormInference = defineOperation<BatchNormAttributes, Inputs, keyof Statistics>({
  name: 'batchNormInference',
  forward(tape, inputs, { epsilon }) {
    const saved = { mean: inputs.movingMean.storage, variance: inputs.movingVariance.storage };
    return { output: normalized(tape, inputs, saved, epsilon), saved };
  },
  gradients: {
    gamma: (context) => parameterGradients(context).dGamma,
    beta: (context) => parameterGradients(context).dBeta,
    x({ executor, attributes, inputs, saved, dY, destination }) {
      const dX = destination('x');
      executor.dispatch(
        batchNormInferenceBackward,
        { ...sides(inputs.x), epsilon: attributes.epsilon, ...scaled(inputs.gamma) },
        { dY: dY.storage, variance: saved.variance, ...storagesOf({ gamma: inputs.gamma }), dX: dX.storage },
      );
      return dX;
    },
    movingMean: 'constant',
    movingVariance: 'constant',
  },
});
