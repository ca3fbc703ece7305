/** What the gradients of several operations have in common. */
import { type DropoutRule, reluBackward } from '@anke/kernels';
import type { GradientContext } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';
import type { DropoutAttributes } from './dropout.js';

/** The gradient before a fused activation: dY where the output's relu (and the dropout behind it) let it through. */
export function activationGradient(context: GradientContext, mask: number): Tensor {
  const { tape, executor, masked, output, dY } = context;
  if (mask === 0 || masked) return dY;
  return context.once('dZ', () => {
    const dZ = tape.temporary('dZ', output.shape);
    const bindings = { y: output.storage, dY: dY.storage, dX: dZ.storage };
    executor.dispatch(reluBackward, { length: sizeOf(output.shape), factor: mask }, bindings);
    return dZ;
  });
}

/** What follows a product and its bias, in the same kernel. */
export interface Ending {
  readonly relu: boolean;
  /** The dropout behind the relu, with the step's number on the device; only where there is a relu. */
  readonly dropout?: DropoutAttributes;
}

/** See {@link Operation.mask}. */
export const maskOf = ({ relu, dropout }: Ending): number => (relu ? 1 / (1 - (dropout?.rate ?? 0)) : 0);

/** The ending as the forward kernels take it. */
export const endingParams = ({
  relu,
  dropout,
}: Ending): { readonly relu: boolean; readonly dropout?: DropoutRule } => ({
  relu,
  ...(dropout ? { dropout: { rate: dropout.rate, seed: dropout.seed, layer: dropout.layer } } : {}),
});
