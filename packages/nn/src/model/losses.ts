import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import { meanCrossEntropy } from '../operations/loss.js';

/** A batch's loss as a single number, from the model's last layer without its softmax, and the batch's labels. */
export type Loss = (tape: Tape, logits: Tensor, labels: Tensor) => Tensor;

/** −log of the probability that softmax gives to the label, averaged over the batch. */
export const sparseCategoricalCrossentropy: Loss = (tape, logits, labels) =>
  tape.apply(meanCrossEntropy, { logits, labels }, {});
