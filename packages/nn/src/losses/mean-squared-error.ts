/** The loss of outputs that are numbers. */
import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import { squaredError } from '../operations/squared-error.js';
import { type Loss, type LossBatch, type LossType, targetsOf } from './loss.js';

/** (output − target)², averaged over the outputs and the batch. */
export class MeanSquaredError implements Loss {
  readonly name = 'MeanSquaredError' satisfies LossType;
  readonly takes = 'targets';

  mean(tape: Tape, batch: LossBatch): Tensor {
    const { logits: outputs, weights } = batch;
    return tape.apply(squaredError, { outputs, targets: targetsOf(this, batch), weights }, {});
  }
}
