/** The loss of classifiers whose labels are class numbers. */
import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import { crossEntropy, type Smoothing } from '../operations/cross-entropy.js';
import { type Loss, type LossBatch, type LossType, type SmoothingOptions, smoothingOf } from './loss.js';

/** −log of the probability that softmax gives to the label, averaged over the batch. */
export class SparseCategoricalCrossentropy implements Loss {
  readonly name = 'SparseCategoricalCrossentropy' satisfies LossType;
  readonly takes = 'labels';
  readonly contains = 'softmax';
  readonly #smoothing: Smoothing;

  /** @throws ModelError if the label smoothing does not lie in 0 … 1 */
  constructor(options: SmoothingOptions = {}) {
    this.#smoothing = smoothingOf(options);
  }

  mean(tape: Tape, { logits, labels, weights }: LossBatch): Tensor {
    return tape.apply(crossEntropy, { logits, labels, weights }, this.#smoothing);
  }
}

/** The loss of a model that is compiled without one. */
export const sparseCategoricalCrossentropy: Loss = new SparseCategoricalCrossentropy();
