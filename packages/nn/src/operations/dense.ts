/** y = x · w + bias; the bias is optional. */
import { type DenseParams, denseBackwardData, denseBackwardWeights, denseForward } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

interface Inputs {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly bias?: Tensor | undefined;
}

/** The gradients of kernel and bias come out of the same dispatch. */
const parameterGradients = (context: GradientContext<DenseParams, Inputs>) =>
  context.once('parameters', () => {
    const { executor, attributes, inputs, dY } = context;
    const dW = context.destination('w');
    const dBias = inputs.bias?.needsGradient ? context.destination('bias') : undefined;
    executor.dispatch(
      denseBackwardWeights,
      { ...attributes, bias: dBias !== undefined, decay: 0 },
      { x: inputs.x.storage, dY: dY.storage, dW: dW.storage, ...(dBias ? { dBias: dBias.storage } : {}) },
    );
    return { dW, dBias };
  });

export const dense = defineOperation<DenseParams, Inputs>({
  name: 'dense',
  forward(tape, { x, w, bias }, params) {
    const y = tape.activation('dense', [params.batch, params.outFeatures]);
    tape.executor.dispatch(
      denseForward,
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
      executor.dispatch(denseBackwardData, attributes, { dY: dY.storage, w: inputs.w.storage, dX: dX.storage });
      return dX;
    },
  },
});
