import {
  type Conv2dParams,
  conv2dBackwardData,
  conv2dBackwardWeights,
  conv2dForward,
  conv2dJoinWeights,
  isSoftware,
  type Storage,
  weightSplits,
} from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';
import { activationGradient, type Ending, endingParams, maskOf } from './shared.js';

export interface Conv2dAttributes extends Ending {
  readonly params: Conv2dParams;
  /** λ of an L2 penalty on the kernel, whose gradient comes along. */
  readonly l2: number;
  /** The step's number on the device, for the dropout. */
  readonly step: Storage;
}

type Context = GradientContext<Conv2dAttributes, 'x' | 'w' | 'bias'>;

/** The gradients of kernel and bias come out of the same kernels. */
function parameterGradients(context: Context): { dW: Tensor; dBias: Tensor } {
  return context.once('parameters', () => {
    const { executor, attributes, inputs } = context;
    const { params, l2 } = attributes;
    const [dW, dBias] = [context.destination('w'), context.destination('bias')];
    const dY = activationGradient(context, maskOf(attributes)).storage;
    const splits = weightSplits(params, isSoftware(executor.gpu.traits));
    const all = { ...params, splits, decay: 2 * l2 };
    const operands = { x: inputs.x.storage, dY, w: inputs.w.storage };
    if (splits === 1) {
      executor.dispatch(conv2dBackwardWeights, all, { ...operands, dW: dW.storage, dBias: dBias.storage });
    } else {
      const parts = executor.temporary('dW parts', inputs.w.storage.bytes * splits);
      const biasParts = executor.temporary('dBias parts', inputs.bias.storage.bytes * splits);
      executor.dispatch(conv2dBackwardWeights, all, { ...operands, dW: parts, dBias: biasParts });
      const results = { w: inputs.w.storage, dW: dW.storage, dBias: dBias.storage };
      executor.dispatch(conv2dJoinWeights, all, { parts, biasParts, ...results });
    }
    return { dW, dBias };
  });
}

/** y = dropout?(relu?(x ∗ w + bias)) */
export const conv2d = defineOperation({
  name: 'conv2d',
  inputs: ['x', 'w', 'bias'],
  constants: [],
  mask: (attributes: Conv2dAttributes) => maskOf(attributes),
  forward: (tape, { x, w, bias }, attributes: Conv2dAttributes) => {
    const { params, step } = attributes;
    const y = tape.activation('conv2d', [params.batch, params.outHeight, params.outWidth, params.outChannels]);
    const bindings = { x: x.storage, w: w.storage, bias: bias.storage, step, y: y.storage };
    tape.executor.dispatch(conv2dForward, { ...params, ...endingParams(attributes) }, bindings);
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
      executor.dispatch(conv2dBackwardData, params, {
        dY,
        w: inputs.w.storage,
        x: inputs.x.storage,
        dX: dX.storage,
      });
      return dX;
    },
  },
});
