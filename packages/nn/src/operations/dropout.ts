import { dropout as kernel, type Storage } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export interface DropoutAttributes {
  readonly rate: number;
  readonly seed: number;
  readonly layer: number;
  /** The step's number on the device: each step drops others. */
  readonly step: Storage;
}

const params = (x: Tensor, { rate, seed, layer }: DropoutAttributes, past: number) => ({
  length: sizeOf(x.shape),
  rate,
  seed,
  layer,
  past,
});

/** Drops elements at random and scales the rest up. The same draw applied to dY is the gradient; the loss has counted the step by then. */
export const dropout = defineOperation({
  name: 'dropout',
  inputs: ['x'],
  constants: [],
  forward: (tape, { x }, attributes: DropoutAttributes) => {
    const y = tape.activation('dropout', x.shape);
    tape.executor.dispatch(kernel, params(x, attributes, 0), { x: x.storage, step: attributes.step, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x: ({ executor, attributes, dY, destination }: GradientContext<DropoutAttributes, 'x'>): Tensor => {
      const dX = destination('x');
      executor.dispatch(kernel, params(dY, attributes, 1), { x: dY.storage, step: attributes.step, y: dX.storage });
      return dX;
    },
  },
});
