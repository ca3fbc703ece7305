/** The mean over the batch of −log softmax(logits)[label]. */
import { softmaxCrossEntropy, softmaxCrossEntropyBackward, sum } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { formatShape, type Tensor } from '../autograd/tensor.js';
import { ShapeError } from '../errors.js';

interface Inputs {
  readonly logits: Tensor;
  readonly labels: Tensor;
}

/** @throws ShapeError unless there is one row of scores for each sample */
function sides({ shape }: Tensor): { rows: number; classes: number } {
  const [rows, classes] = shape;
  if (rows === undefined || classes === undefined || shape.length !== 2) {
    const given = formatShape([null, ...shape.slice(1)]);
    throw new ShapeError(`the cross-entropy expects a row of scores for each sample, but the output is ${given}`);
  }
  return { rows, classes };
}

export const crossEntropy = defineOperation<object, Inputs>({
  name: 'crossEntropy',
  forward(tape, { logits, labels }) {
    const shape = sides(logits);
    const { rows } = shape;
    const losses = tape.temporary('losses', [rows]);
    const bindings = { logits: logits.storage, labels: labels.storage, losses: losses.storage };
    tape.executor.dispatch(softmaxCrossEntropy, shape, bindings);
    const mean = tape.temporary('mean loss', [1]);
    const params = { outer: 1, length: rows, inner: 1, factor: 1 / rows };
    tape.executor.dispatch(sum, params, { x: losses.storage, y: mean.storage });
    return { output: mean, saved: {} };
  },
  gradients: {
    logits({ executor, inputs: { logits, labels }, destination }) {
      const shape = sides(logits);
      const dLogits = destination('logits');
      const bindings = { logits: logits.storage, labels: labels.storage, dLogits: dLogits.storage };
      executor.dispatch(softmaxCrossEntropyBackward, { ...shape, share: 1 / shape.rows }, bindings);
      return dLogits;
    },
    labels: 'constant',
  },
});
