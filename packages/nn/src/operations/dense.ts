import { type DenseParams, denseBackwardData, denseBackwardWeights, denseForward } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';
import { activationGradient, columnSums } from './shared.js';

export interface DenseAttributes {
  readonly params: DenseParams;
  readonly relu: boolean;
}

type Context = GradientContext<DenseAttributes, 'x' | 'w' | 'bias'>;

/** y = relu?(x · w + bias) */
export const dense = defineOperation({
  name: 'dense',
  inputs: ['x', 'w', 'bias'],
  constants: [],
  forward: (tape, { x, w, bias }, { params, relu }: DenseAttributes) => {
    const y = tape.temporary('dense', [params.batch, params.outFeatures]);
    const bindings = { x: x.storage, w: w.storage, bias: bias.storage, y: y.storage };
    tape.executor.dispatch(denseForward, { ...params, relu }, bindings);
    return { output: y, saved: {} };
  },
  gradients: {
    w: (context: Context): Tensor => {
      const dW = context.destination('w');
      const bindings = { x: context.inputs.x.storage, dY: activationGradient(context).storage, partial: dW.storage };
      context.executor.dispatch(denseBackwardWeights, context.attributes.params, bindings);
      return dW;
    },
    bias: (context: Context): Tensor =>
      columnSums(context.executor, activationGradient(context), context.destination('bias')),
    x: (context: Context): Tensor => {
      const dX = context.destination('x');
      const bindings = { dY: activationGradient(context).storage, w: context.inputs.w.storage, dX: dX.storage };
      context.executor.dispatch(denseBackwardData, context.attributes.params, bindings);
      return dX;
    },
  },
});
