/** Drops elements at random and scales the rest up. The same draw applied to dY is the gradient. */
import { dropout as kernel, type Storage } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export interface DropoutAttributes {
  readonly rate: number;
  /** Distinguishes the dropouts of a model. */
  readonly layer: number;
  /** Step and seed on the device: each step drops others. */
  readonly counters: Storage;
}

const params = (x: Tensor, { rate, layer }: DropoutAttributes) => ({ length: sizeOf(x.shape), rate, layer });

export const dropout = defineOperation<DropoutAttributes, { readonly x: Tensor }>({
  name: 'dropout',
  forward(tape, { x }, attributes) {
    const y = tape.activation('dropout', x.shape);
    const { counters } = attributes;
    tape.executor.dispatch(kernel, params(x, attributes), { x: x.storage, counters, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, attributes, dY, destination }) {
      const dX = destination('x');
      const { counters } = attributes;
      executor.dispatch(kernel, params(dX, attributes), { x: dY.storage, counters, y: dX.storage });
      return dX;
    },
  },
});
