/** The loss of classifiers whose targets are rows: one-hot, or how likely each class is. */
import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import type { Smoothing } from '../operations/cross-entropy.js';
import { softCrossEntropy } from '../operations/soft-cross-entropy.js';
import { type Loss, type LossBatch, type LossType, type SmoothingOptions, smoothingOf, targetsOf } from './loss.js';

/** −Σ_j target_j · log softmax(logits)_j, averaged over the batch. */
export class CategoricalCrossentropy implements Loss {
  readonly name = 'CategoricalCrossentropy' satisfies LossType;
  readonly takes = 'targets';
  readonly probabilities = true;
  readonly contains = 'softmax';
  readonly #smoothing: Smoothing;

  /** @throws ModelError if the label smoothing does not lie in 0 … 1 */
  constructor(options: SmoothingOptions = {}) {
    this.#smoothing = smoothingOf(options);
  }

  mean(tape: Tape, batch: LossBatch): Tensor {
    const { logits, weights } = batch;
    return tape.apply(softCrossEntropy, { logits, targets: targetsOf(this, batch), weights }, this.#smoothing);
  }
}
