/** Images with one channel as images with several equal ones. */
import { repeatChannelBackward, repeatChannel as repeatKernel } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export interface RepeatAttributes {
  /** Channels of the result. */
  readonly times: number;
}

export const repeatChannel = defineOperation<RepeatAttributes, { readonly x: Tensor }>({
  name: 'repeatChannel',
  forward(tape, { x }, { times }) {
    const y = tape.activation('repeated channel', [...x.shape.slice(0, -1), times]);
    tape.executor.dispatch(repeatKernel, { length: sizeOf(x.shape), times }, { x: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, attributes: { times }, dY, destination }) {
      const dX = destination('x');
      const params = { length: sizeOf(dX.shape), times };
      executor.dispatch(repeatChannelBackward, params, { dY: dY.storage, dX: dX.storage });
      return dX;
    },
  },
});
