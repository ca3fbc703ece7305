import {
  type Conv2dParams,
  conv2dBackwardData,
  conv2dBackwardWeights,
  conv2dForward,
  isSoftware,
  sum,
  weightSplits,
} from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';
import { activationGradient, columnSums } from './shared.js';

export interface Conv2dAttributes {
  readonly params: Conv2dParams;
  readonly relu: boolean;
}

type Context = GradientContext<Conv2dAttributes, 'x' | 'w' | 'bias'>;

/** y = relu?(x ∗ w + bias) */
export const conv2d = defineOperation({
  name: 'conv2d',
  inputs: ['x', 'w', 'bias'],
  constants: [],
  forward: (tape, { x, w, bias }, { params, relu }: Conv2dAttributes) => {
    const y = tape.temporary('conv2d', [params.batch, params.outHeight, params.outWidth, params.outChannels]);
    const bindings = { x: x.storage, w: w.storage, bias: bias.storage, y: y.storage };
    tape.executor.dispatch(conv2dForward, { ...params, relu }, bindings);
    return { output: y, saved: {} };
  },
  gradients: {
    w: (context: Context): Tensor => {
      const { executor, attributes, inputs } = context;
      const { params } = attributes;
      const dW = context.destination('w');
      const dY = activationGradient(context).storage;
      const splits = weightSplits(params, isSoftware(executor.gpu.traits));
      const length = params.kernelHeight * params.kernelWidth * params.inChannels * params.outChannels;
      const partial = splits === 1 ? dW.storage : executor.temporary('dW parts', length * splits * 4);
      executor.dispatch(conv2dBackwardWeights, { ...params, splits }, { x: inputs.x.storage, dY, partial });
      if (splits > 1) {
        const shape = { outer: 1, length: splits, inner: length, splits: 1, factor: 1 };
        executor.dispatch(sum, shape, { x: partial, y: dW.storage });
      }
      return dW;
    },
    bias: (context: Context): Tensor =>
      columnSums(context.executor, activationGradient(context), context.destination('bias')),
    x: (context: Context): Tensor => {
      const dX = context.destination('x');
      const bindings = { dY: activationGradient(context).storage, w: context.inputs.w.storage, dX: dX.storage };
      context.executor.dispatch(conv2dBackwardData, context.attributes.params, bindings);
      return dX;
    },
  },
});
