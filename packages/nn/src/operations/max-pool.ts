/** The largest element under each window. */
import { maxPoolBackward, maxPoolForward, type PoolParams } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

export const maxPool = defineOperation<PoolParams, { readonly x: Tensor }, 'winner'>({
  name: 'maxPool',
  forward(tape, { x }, params) {
    const shape = [params.batch, params.outHeight, params.outWidth, params.channels];
    const y = tape.activation('max pool', shape);
    const winner = tape.temporary('max pool winner', shape, 'u32').storage;
    tape.executor.dispatch(maxPoolForward, params, { x: x.storage, y: y.storage, winner });
    return { output: y, saved: { winner } };
  },
  gradients: {
    x({ executor, attributes, saved, dY, destination }) {
      const dX = destination('x');
      executor.dispatch(maxPoolBackward, attributes, { dY: dY.storage, winner: saved.winner, dX: dX.storage });
      return dX;
    },
  },
});
