/** y = x ∗ w + bias, over NHWC images; the bias is optional. */
import { type Conv2dParams, conv2dBackwardData, conv2dBackwardWeights, conv2dForward } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

interface Inputs {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly bias?: Tensor | undefined;
}

/** The gradients of kernel and bias come out of the same dispatch. */
const parameterGradients = (context: GradientContext<Conv2dParams, Inputs>) =>
  context.once('parameters', () => {
    const { executor, attributes, inputs, dY } = context;
    const dW = context.destination('w');
    const dBias = inputs.bias?.needsGradient ? context.destination('bias') : undefined;
    executor.dispatch(
      conv2dBackwardWeights,
      { ...attributes, bias: dBias !== undefined, decay: 0 },
      { x: inputs.x.storage, dY: dY.storage, dW: dW.storage, ...(dBias ? { dBias: dBias.storage } : {}) },
    );
    return { dW, dBias };
  });

export const conv2d = defineOperation<Conv2dParams, Inputs>({
  name: 'conv2d',
  forward(tape, { x, w, bias }, params) {
    const y = tape.activation('conv2d', [params.batch, params.outHeight, params.outWidth, params.outChannels]);
    tape.executor.dispatch(
      conv2dForward,
      { ...params, epilogue: { bias: bias !== undefined } },
      { x: x.storage, w: w.storage, ...(bias ? { bias: bias.storage } : {}), y: y.storage },
    );
    return { output: y, saved: {} };
  },
  gradients: {
    w: (context) => parameterGradients(context).dW,
    bias: (context) => parameterGradients(context).dBias as Tensor,
    x({ executor, attributes, inputs, dY, destination }) {
      const dX = destination('x');
      executor.dispatch(conv2dBackwardData, attributes, { dY: dY.storage, w: inputs.w.storage, dX: dX.storage });
      return dX;
    },
  },
});
