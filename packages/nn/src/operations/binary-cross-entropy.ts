/** The mean over the batch of w · Σ_j −(t_j log σ(z_j) + (1 − t_j) log (1 − σ(z_j))) / outputs, from logits z. */
import { binaryCrossEntropyBackward, binaryCrossEntropy as forwardKernel } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';
import type { Smoothing } from './cross-entropy.js';
import { meanOverRows, rowFactors } from './mean-over-rows.js';
import { rowsOfOutputs } from './squared-error.js';

interface Inputs {
  readonly logits: Tensor;
  /** A probability for each logit. */
  readonly targets: Tensor;
  /** A factor for each row. */
  readonly weights?: Tensor | undefined;
}

export const binaryCrossEntropy = defineOperation<Smoothing, Inputs>({
  name: 'binaryCrossEntropy',
  forward(tape, { logits, targets, weights }, smoothing) {
    const shape = rowsOfOutputs(logits);
    const { params, bindings } = rowFactors(weights);
    const inputs = { outputs: logits.storage, targets: targets.storage, ...bindings };
    const output = meanOverRows(tape, shape.rows, (losses) =>
      tape.executor.dispatch(forwardKernel, { ...shape, ...smoothing, ...params }, { ...inputs, losses }),
    );
    return { output, saved: {} };
  },
  gradients: {
    logits({ executor, attributes, inputs: { logits, targets, weights }, destination }) {
      const { params, bindings } = rowFactors(weights);
      const dLogits = destination('logits');
      executor.dispatch(
        binaryCrossEntropyBackward,
        { ...rowsOfOutputs(logits), ...attributes, ...params, share: 1 / sizeOf(logits.shape) },
        { outputs: logits.storage, targets: targets.storage, ...bindings, dOutputs: dLogits.storage },
      );
      return dLogits;
    },
    targets: 'constant',
    weights: 'constant',
  },
});
