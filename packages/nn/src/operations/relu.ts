/** y = x > 0 ? min(x, cap) : slope · x */
import { type Rectifier, reluBackward, relu as reluKernel } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export const relu = defineOperation<Rectifier, { readonly x: Tensor }>({
  name: 'relu',
  forward(tape, { x }, rectifier) {
    const y = tape.activation('relu', x.shape);
    tape.executor.dispatch(reluKernel, { length: sizeOf(x.shape), rectifier }, { x: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, attributes, output, dY, destination }) {
      const dX = destination('x');
      const params = { length: sizeOf(dX.shape), mask: { ...attributes, keep: 1 } };
      executor.dispatch(reluBackward, params, { y: output.storage, dY: dY.storage, dX: dX.storage });
      return dX;
    },
  },
});
