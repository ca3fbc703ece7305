/** The loss of outputs that are each a probability: one of a yes or no, or several that do not exclude one another. */
import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import { binaryCrossEntropy } from '../operations/binary-cross-entropy.js';
import type { Smoothing } from '../operations/cross-entropy.js';
import { type Loss, type LossBatch, type LossType, type SmoothingOptions, smoothingOf, targetsOf } from './loss.js';

/** −(t · log p + (1 − t) · log(1 − p)) with p = sigmoid(logit), averaged over the outputs and the batch. */
export class BinaryCrossentropy implements Loss {
  readonly name = 'BinaryCrossentropy' satisfies LossType;
  readonly takes = 'targets';
  readonly probabilities = true;
  readonly contains = 'sigmoid';
  readonly #smoothing: Smoothing;

  /** @throws ModelError if the label smoothing does not lie in 0 … 1 */
  constructor(options: SmoothingOptions = {}) {
    this.#smoothing = smoothingOf(options);
  }

  mean(tape: Tape, batch: LossBatch): Tensor {
    const { logits, weights } = batch;
    return tape.apply(binaryCrossEntropy, { logits, targets: targetsOf(this, batch), weights }, this.#smoothing);
  }
}
