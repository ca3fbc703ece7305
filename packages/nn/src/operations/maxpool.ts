import { type MaxPoolParams, maxPoolBackward, maxPoolForward } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

/** The largest element under each window. */
export const maxPool = defineOperation({
  name: 'maxPool',
  inputs: ['x'],
  constants: [],
  forward: (tape, { x }, params: MaxPoolParams) => {
    const shape = [params.batch, params.outHeight, params.outWidth, params.channels];
    const y = tape.activation('maxpool', shape);
    const winner = tape.temporary('maxpool winner', shape).storage;
    tape.executor.dispatch(maxPoolForward, params, { x: x.storage, y: y.storage, winner });
    return { output: y, saved: { winner } };
  },
  gradients: {
    x: (context: GradientContext<MaxPoolParams, 'x', 'winner'>): Tensor => {
      const { executor, attributes, saved, dY } = context;
      const dX = context.destination('x');
      executor.dispatch(maxPoolBackward, attributes, { dY: dY.storage, winner: saved.winner, dX: dX.storage });
      return dX;
    },
  },
});
