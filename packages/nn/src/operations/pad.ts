/** Zeros around images. */
import { type PadParams, zeroPad, zeroPadBackward } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

export const pad = defineOperation<PadParams, { readonly x: Tensor }>({
  name: 'pad',
  forward(tape, { x }, params) {
    const { batch, height, width, channels, top, bottom, left, right } = params;
    const y = tape.activation('padded', [batch, top + height + bottom, left + width + right, channels]);
    tape.executor.dispatch(zeroPad, params, { x: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, attributes, dY, destination }) {
      const dX = destination('x');
      executor.dispatch(zeroPadBackward, attributes, { dY: dY.storage, dX: dX.storage });
      return dX;
    },
  },
});
