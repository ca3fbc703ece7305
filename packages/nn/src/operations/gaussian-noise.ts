/** y = x + noise that does not depend on x: the gradient of x is that of y. */
import { gaussianNoise as kernel, type Storage } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export interface GaussianNoiseAttributes {
  readonly stddev: number;
  /** Distinguishes the layers of a model. */
  readonly layer: number;
  /** Step and seed on the device: each step has other noise. */
  readonly counters: Storage;
}

export const gaussianNoise = defineOperation<GaussianNoiseAttributes, { readonly x: Tensor }>({
  name: 'gaussianNoise',
  forward(tape, { x }, { stddev, layer, counters }) {
    const y = tape.activation('noise', x.shape);
    const params = { length: sizeOf(x.shape), stddev, layer };
    tape.executor.dispatch(kernel, params, { x: x.storage, counters, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: { x: ({ dY }) => dY },
});
