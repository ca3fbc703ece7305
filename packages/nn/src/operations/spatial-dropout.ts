/** Drops whole channels at random and scales the rest up. The same draw applied to dY is the gradient. */
import { spatialDropout as kernel, type SpatialDropoutParams } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';
import type { DropoutAttributes } from './dropout.js';

function params({ shape }: Tensor, { rate, layer }: DropoutAttributes): SpatialDropoutParams {
  const [batch = 1, channels = 1] = [shape[0], shape.at(-1)];
  return { batch, pixels: sizeOf(shape) / (batch * channels), channels, rate, layer };
}

export const spatialDropout = defineOperation<DropoutAttributes, { readonly x: Tensor }>({
  name: 'spatialDropout',
  forward(tape, { x }, attributes) {
    const y = tape.activation('spatial dropout', x.shape);
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
