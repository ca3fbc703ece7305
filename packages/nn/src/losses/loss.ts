/** What a loss is. */
import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';

/**
 * A batch's loss as a single number, from the model's output (a softmax at its end left out) and the batch's labels.
 */
export type Loss = (tape: Tape, logits: Tensor, labels: Tensor) => Tensor;
