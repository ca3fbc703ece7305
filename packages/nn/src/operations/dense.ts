import { type DenseParams, denseBackwardData, denseBackwardWeights, denseForward, type Storage } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';
import { activationGradient, type Ending, endingParams, maskOf } from './shared.js';

export interface DenseAttributes extends Ending {
  readonly params: DenseParams;
  /** λ of an L2 penalty on the kernel, whose gradient comes along. */
  readonly l2: number;
  /** The step's number on the device, for the dropout. */
  readonly step: Storage;
}

type Context = GradientContext<DenseAttributes, 'x' | 'w' | 'bias'>;

/** The gradients of kernel and bias come out of the same kernel. */
function parameterGradients(context: Context): { dW: Tensor; dBias: Tensor } {
  return context.once('parameters', () => {
    const { executor, attributes, inputs } = context;
    const [dW, dBias] = [context.destination('w'), context.destination('bias')];
    const dY = activationGradient(context, maskOf(attributes)).storage;
    const bindings = { x: inputs.x.storage, dY, w: inputs.w.storage, dW: dW.storage, dBias: dBias.storage };
    executor.dispatch(denseBackwardWeights, { ...attributes.params, decay: 2 * attributes.l2 }, bindings);
    return { dW, dBias };
  });
}

/** y = dropout?(relu?(x · w + bias)) */
export const dense = defineOperation({
  name: 'dense',
  inputs: ['x', 'w', 'bias'],
  constants: [],
  mask: (attributes: DenseAttributes) => maskOf(attributes),
  forward: (tape, { x, w, bias }, attributes: DenseAttributes) => {
    const { params, step } = attributes;
    const y = tape.activation('dense', [params.batch, params.outFeatures]);
    const bindings = { x: x.storage, w: w.storage, bias: bias.storage, step, y: y.storage };
    tape.executor.dispatch(denseForward, { ...params, ...endingParams(attributes) }, bindings);
    return { output: y, saved: {} };
  },
  gradients: {
    w: (context: Context): Tensor => parameterGradients(context).dW,
    bias: (context: Context): Tensor => parameterGradients(context).dBias,
    x: (context: Context): Tensor => {
      const { executor, attributes, inputs } = context;
      const dX = context.destination('x');
      const dY = activationGradient(context, maskOf(attributes)).storage;
      const params = { ...attributes.params, mask: context.takeMask('x') };
      executor.dispatch(denseBackwardData, params, { dY, w: inputs.w.storage, x: inputs.x.storage, dX: dX.storage });
      return dX;
    },
  },
});
