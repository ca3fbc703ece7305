/** Two tensors side by side along their last axis. */
import { concatChannels, sliceChannels } from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

type Inputs = Readonly<Record<'a' | 'b', Tensor>>;

function sides({ a, b }: Inputs): { rows: number; aChannels: number; bChannels: number } {
  const [aChannels = 1, bChannels = 1] = [a.shape.at(-1), b.shape.at(-1)];
  return { rows: sizeOf(a.shape) / aChannels, aChannels, bChannels };
}

/** The part of dY that belongs to an input. */
function slice(context: GradientContext<object, Inputs>, name: keyof Inputs, offset: number, count: number): Tensor {
  const { executor, inputs, dY } = context;
  const { rows, aChannels, bChannels } = sides(inputs);
  const dX = context.destination(name);
  const params = { rows, channels: aChannels + bChannels, offset, count };
  executor.dispatch(sliceChannels, params, { x: dY.storage, y: dX.storage });
  return dX;
}

export const concatenate = defineOperation<object, Inputs>({
  name: 'concatenate',
  forward(tape, inputs) {
    const { a, b } = inputs;
    const params = sides(inputs);
    const y = tape.activation('concatenate', [...a.shape.slice(0, -1), params.aChannels + params.bChannels]);
    tape.executor.dispatch(concatChannels, params, { a: a.storage, b: b.storage, y: y.storage });
    return { output: y, saved: {} };
  },
  gradients: {
    a: (context) => slice(context, 'a', 0, sides(context.inputs).aChannels),
    b: (context) => slice(context, 'b', sides(context.inputs).aChannels, sides(context.inputs).bChannels),
  },
});
