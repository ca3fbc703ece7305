/** The penalties that regularized weights add to a loss. */
import type { Storage } from '@anke/kernels';
import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import type { Regularizer } from '../layers/regularizers.js';
import { penalties } from '../operations/penalties.js';

/** A weight with a penalty. */
export interface Regularized {
  /** `layer/weight` */
  readonly name: string;
  readonly tensor: Tensor;
  readonly regularizer: Regularizer;
}

/**
 * A batch's mean loss with the penalties of all regularized weights.
 *
 * @param weights the buffer that all of them lie in
 */
export function penalized(tape: Tape, mean: Tensor, weights: Storage, regularized: readonly Regularized[]): Tensor {
  if (regularized.length === 0) return mean;
  const tensors = Object.fromEntries(regularized.map(({ name, tensor }) => [name, tensor]));
  const factors = Object.fromEntries(regularized.map(({ name, regularizer }) => [name, regularizer]));
  return tape.apply(penalties(Object.keys(tensors)), { mean, ...tensors }, { weights, factors });
}
