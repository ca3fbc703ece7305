/** Softmax over the last axis. */
import { softmaxBackward, softmax as softmaxKernel } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

const rowsOf = ({ shape }: Tensor): { rows: number; classes: number } => {
  const classes = shape.at(-1) ?? 1;
  return { rows: sizeOf(shape) / classes, classes };
};

export const softmax = defineOperation<object, { readonly x: Tensor }>({
  name: 'softmax',
  forward(tape, { x }) {
    const y = tape.activation('softmax', x.shape);
    tape.executor.dispatch(softmaxKernel, rowsOf(x), { logits: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x({ executor, output, dY, destination }) {
      const dX = destination('x');
      const bindings = { y: output.storage, dY: dY.storage, dLogits: dX.storage };
      executor.dispatch(softmaxBackward, rowsOf(output), bindings);
      return dX;
    },
  },
});
