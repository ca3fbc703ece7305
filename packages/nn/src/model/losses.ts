import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import { type CrossEntropyAttributes, crossEntropy } from '../operations/loss.js';

/** What a loss does beside its own number: see {@link CrossEntropyAttributes}. */
export type StepBooks = CrossEntropyAttributes;

/**
 * A batch's loss as a single number, from the model's last layer without its softmax, and the batch's labels. It closes
 * the step's books: the penalties go into the loss, the loss into the epoch's sums, and the step is counted.
 */
export type Loss = (tape: Tape, logits: Tensor, labels: Tensor, books: StepBooks) => Tensor;

/** −log of the probability that softmax gives to the label, averaged over the batch. */
export const sparseCategoricalCrossentropy: Loss = (tape, logits, labels, books) =>
  tape.apply(crossEntropy, { logits, labels }, books);
