/** y = factor · x + offset */
import { affine as kernel, scale } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export interface AffineAttributes {
  readonly factor: number;
  readonly offset: number;
}

export const affine = defineOperation<AffineAttributes, { readonly x: Tensor }>({
  name: 'affine',
  forward(tape, { x }, attributes) {
    const y = tape.activation('affine', x.shape);
    tape.executor.dispatch(kernel, { length: sizeOf(x.shape), ...attributes }, { x: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, attributes: { factor }, dY, destination }) {
      const dX = destination('x');
      executor.dispatch(scale, { length: sizeOf(dX.shape), factor }, { x: dY.storage, y: dX.storage });
      return dX;
    },
  },
});
