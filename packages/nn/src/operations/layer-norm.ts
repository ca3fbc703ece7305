/** Normalizes each row by its own mean and variance, through which gradients flow; gamma and beta may be left out. */
import {
  type LayerNormParams,
  layerNormBackward,
  layerNormGradients,
  layerNorm as layerNormKernel,
} from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import { sizeOf, storagesOf, type Tensor } from '../autograd/tensor.js';

export interface LayerNormAttributes {
  readonly epsilon: number;
}

interface Inputs {
  readonly x: Tensor;
  readonly gamma?: Tensor | undefined;
  readonly beta?: Tensor | undefined;
}

type Context = GradientContext<LayerNormAttributes, Inputs, 'mean' | 'inverse'>;

function paramsOf({ x, gamma, beta }: Inputs): LayerNormParams {
  const channels = x.shape.at(-1) ?? 1;
  return { rows: sizeOf(x.shape) / channels, channels, scale: gamma !== undefined, center: beta !== undefined };
}

/** dGamma and dBeta, of those that are trained, come out of the same dispatch. */
const parameterGradients = (context: Context) =>
  context.once('parameters', () => {
    const { executor, inputs, saved, dY, destination } = context;
    const [dGamma, dBeta] = (['gamma', 'beta'] as const).map((name) =>
      inputs[name]?.needsGradient ? destination(name) : undefined,
    );
    executor.dispatch(
      layerNormGradients,
      { ...paramsOf(inputs), scale: dGamma !== undefined, center: dBeta !== undefined },
      { x: inputs.x.storage, dY: dY.storage, ...saved, ...storagesOf({ dGamma, dBeta }) },
    );
    return { dGamma, dBeta };
  });

export const layerNorm = defineOperation<LayerNormAttributes, Inputs, 'mean' | 'inverse'>({
  name: 'layerNorm',
  forward(tape, inputs, { epsilon }) {
    const { x, gamma, beta } = inputs;
    const params = paramsOf(inputs);
    const y = tape.activation('layer norm', x.shape);
    const mean = tape.temporary('layer norm mean', [params.rows]).storage;
    const inverse = tape.temporary('layer norm inverse deviation', [params.rows]).storage;
    tape.executor.dispatch(
      layerNormKernel,
      { ...params, epsilon },
      { x: x.storage, y: y.storage, mean, inverse, ...storagesOf({ gamma, beta }) },
    );
    return { output: y, saved: { mean, inverse } };
  },
  gradients: {
    gamma: (context) => parameterGradients(context).dGamma as Tensor,
    beta: (context) => parameterGradients(context).dBeta as Tensor,
    x({ executor, inputs, saved, dY, destination }) {
      const dX = destination('x');
      const { x, gamma } = inputs;
      const bindings = { x: x.storage, dY: dY.storage, ...saved, dX: dX.storage, ...storagesOf({ gamma }) };
      executor.dispatch(layerNormBackward, paramsOf(inputs), bindings);
      return dX;
    },
  },
});
