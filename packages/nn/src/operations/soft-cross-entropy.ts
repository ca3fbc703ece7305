/** The mean over the batch of −w · Σ_j t_j · log softmax(logits)_j, the targets smoothed if asked for. */
import { softCrossEntropy as forwardKernel, softCrossEntropyBackward } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';
import { rowsOfScores, type Smoothing } from './cross-entropy.js';
import { meanOverRows, rowFactors } from './mean-over-rows.js';

interface Inputs {
  readonly logits: Tensor;
  /** How much of each class is right, of the logits' shape. */
  readonly targets: Tensor;
  /** A factor for each row. */
  readonly weights?: Tensor | undefined;
}

export const softCrossEntropy = defineOperation<Smoothing, Inputs>({
  name: 'softCrossEntropy',
  forward(tape, { logits, targets, weights }, smoothing) {
    const shape = rowsOfScores(logits);
    const { params, bindings } = rowFactors(weights);
    const inputs = { logits: logits.storage, targets: targets.storage, ...bindings };
    const output = meanOverRows(tape, shape.rows, (losses) =>
      tape.executor.dispatch(forwardKernel, { ...shape, ...smoothing, ...params }, { ...inputs, losses }),
    );
    return { output, saved: {} };
  },
  gradients: {
    logits({ executor, attributes, inputs: { logits, targets, weights }, destination }) {
      const shape = rowsOfScores(logits);
      const { params, bindings } = rowFactors(weights);
      const dLogits = destination('logits');
      executor.dispatch(
        softCrossEntropyBackward,
        { ...shape, ...attributes, ...params, share: 1 / shape.rows },
        { logits: logits.storage, targets: targets.storage, ...bindings, dLogits: dLogits.storage },
      );
      return dLogits;
    },
    targets: 'constant',
    weights: 'constant',
  },
});
