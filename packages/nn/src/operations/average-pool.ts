/** The mean under each window. */
import { averagePool as averageKernel, averagePoolBackward, type PoolParams } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

export const averagePool = defineOperation<PoolParams, { readonly x: Tensor }>({
  name: 'averagePool',
  forward(tape, { x }, params) {
    const y = tape.activation('average pool', [params.batch, params.outHeight, params.outWidth, params.channels]);
    tape.executor.dispatch(averageKernel, params, { x: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, attributes, dY, destination }) {
      const dX = destination('x');
      executor.dispatch(averagePoolBackward, attributes, { dY: dY.storage, dX: dX.storage });
      return dX;
    },
  },
});
