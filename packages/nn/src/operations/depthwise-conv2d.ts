/** Convolution of each channel by itself: y = x ∗ w + bias, over NHWC images; the bias is optional. */
import { type DepthwiseParams, depthwiseBackwardData, depthwiseBackwardWeights, depthwiseForward } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

interface Inputs {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly bias?: Tensor | undefined;
}

/** The gradients of kernel and bias come out of the same dispatch. */
const parameterGradients = (context: GradientContext<DepthwiseParams, Inputs>) =>
  context.once('parameters', () => {
    const { executor, attributes, inputs, dY } = context;
    const dW = context.destination('w');
    const dBias = inputs.bias?.needsGradient ? context.destination('bias') : undefined;
    executor.dispatch(
      depthwiseBackwardWeights,
      { ...attributes, bias: dBias !== undefined, decay: 0 },
      { x: inputs.x.storage, dY: dY.storage, dW: dW.storage, ...(dBias ? { dBias: dBias.storage } : {}) },
    );
    return { dW, dBias };
  });

export const depthwiseConv2d = defineOperation<DepthwiseParams, Inputs>({
  name: 'depthwiseConv2d',
  forward(tape, { x, w, bias }, params) {
    const { batch, outHeight, outWidth, channels, multiplier } = params;
    const y = tape.activation('depthwise conv2d', [batch, outHeight, outWidth, channels * multiplier]);
    tape.executor.dispatch(
      depthwiseForward,
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
      executor.dispatch(depthwiseBackwardData, attributes, { dY: dY.storage, w: inputs.w.storage, dX: dX.storage });
      return dX;
    },
  },
});
