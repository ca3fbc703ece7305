/** Steps that the gradients of several operations have in common. */
import { type Executor, reluBackward, sum, sumSplits } from '@anke/kernels';
import type { GradientContext } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

/** The gradient before a fused activation: dY itself, or dY where relu let the output through. */
export function activationGradient(context: GradientContext<{ readonly relu: boolean }>): Tensor {
  const { tape, executor, attributes, output, dY } = context;
  if (!attributes.relu) return dY;
  return context.once('dZ', () => {
    const dZ = tape.temporary('dZ', output.shape);
    const bindings = { y: output.storage, dY: dY.storage, dX: dZ.storage };
    executor.dispatch(reluBackward, { length: sizeOf(output.shape) }, bindings);
    return dZ;
  });
}

/** Adds up all rows of x, seen as (rows, columns of `to`): the gradient of a bias. Long sums take two dispatches. */
export function columnSums(executor: Executor, x: Tensor, to: Tensor): Tensor {
  const inner = sizeOf(to.shape);
  const length = sizeOf(x.shape) / inner;
  const splits = sumSplits(length, inner);
  if (splits === 1) {
    executor.dispatch(sum, { outer: 1, length, inner, splits, factor: 1 }, { x: x.storage, y: to.storage });
  } else {
    const parts = executor.temporary('sum parts', splits * inner * 4);
    executor.dispatch(sum, { outer: 1, length, inner, splits, factor: 1 }, { x: x.storage, y: parts });
    executor.dispatch(sum, { outer: 1, length: splits, inner, splits: 1, factor: 1 }, { x: parts, y: to.storage });
  }
  return to;
}
