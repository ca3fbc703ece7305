/** The channels in reverse order, times a factor, plus a number for each. */
import { reverseChannels as kernel } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export interface ReverseAttributes {
  readonly factor: number;
  /** One for each channel. */
  readonly offsets: readonly number[];
}

export const reverseChannels = defineOperation<ReverseAttributes, { readonly x: Tensor }>({
  name: 'reverseChannels',
  forward(tape, { x }, attributes) {
    const y = tape.activation('reversed channels', x.shape);
    const rows = sizeOf(x.shape.slice(0, -1));
    tape.executor.dispatch(kernel, { rows, ...attributes }, { x: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, attributes: { factor, offsets }, dY, destination }) {
      const dX = destination('x');
      const params = { rows: sizeOf(dX.shape.slice(0, -1)), factor, offsets: offsets.map(() => 0) };
      executor.dispatch(kernel, params, { x: dY.storage, y: dX.storage });
      return dX;
    },
  },
});
