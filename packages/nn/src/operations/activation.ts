import { relu as reluKernel, softmaxBackward, softmax as softmaxKernel } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';
import { activationGradient } from './shared.js';

/** y = max(x, 0) */
export const relu = defineOperation({
  name: 'relu',
  inputs: ['x'],
  constants: [],
  mask: () => 1,
  forward: (tape, { x }) => {
    const y = tape.activation('relu', x.shape);
    tape.executor.dispatch(reluKernel, { length: sizeOf(x.shape) }, { x: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x: (context: GradientContext<object, 'x'>): Tensor => activationGradient(context, 1),
  },
});

const rowsOf = (x: Tensor): { rows: number; classes: number } => {
  const classes = x.shape.at(-1) as number;
  return { rows: sizeOf(x.shape) / classes, classes };
};

/** Softmax over the last axis. */
export const softmax = defineOperation({
  name: 'softmax',
  inputs: ['x'],
  constants: [],
  forward: (tape, { x }) => {
    const y = tape.activation('softmax', x.shape);
    tape.executor.dispatch(softmaxKernel, rowsOf(x), { logits: x.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    x: ({ executor, output, dY, destination }: GradientContext<object, 'x'>): Tensor => {
      const dX = destination('x');
      const bindings = { y: output.storage, dY: dY.storage, dLogits: dX.storage };
      executor.dispatch(softmaxBackward, rowsOf(output), bindings);
      return dX;
    },
  },
});
