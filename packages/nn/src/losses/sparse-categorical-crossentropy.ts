/** The loss of classifiers whose labels are class numbers. */
import { crossEntropy } from '../operations/cross-entropy.js';
import type { Loss } from './loss.js';

/** −log of the probability that softmax gives to the label, averaged over the batch. */
export const sparseCategoricalCrossentropy: Loss = (tape, logits, labels) =>
  tape.apply(crossEntropy, { logits, labels }, {});
