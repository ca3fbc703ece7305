/** y = f(x), where f is a smooth activation function. */
import { type Activation, activationBackward, activationForward } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export const activate = defineOperation<Activation, { readonly x: Tensor }>({
  name: 'activate',
  forward(tape, { x }, activation) {
    const y = tape.activation(activation.type, x.shape);
    const params = { length: sizeOf(x.shape), activation };
    tape.executor.dispatch(activationForward, params, { x: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, attributes: activation, inputs, dY, destination }) {
      const dX = destination('x');
      const params = { length: sizeOf(dX.shape), activation };
      executor.dispatch(activationBackward, params, { x: inputs.x.storage, dY: dY.storage, dX: dX.storage });
      return dX;
    },
  },
});
