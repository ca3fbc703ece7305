/** The mean over the batch of −w · log softmax(logits)[label], the labels smoothed if asked for. */
import { softmaxCrossEntropy, softmaxCrossEntropyBackward } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { formatShape, type Tensor } from '../autograd/tensor.js';
import { ShapeError } from '../errors.js';
import { meanOverRows, rowFactors } from './mean-over-rows.js';

interface Inputs {
  readonly logits: Tensor;
  readonly labels: Tensor;
  /** A factor for each row. */
  readonly weights?: Tensor | undefined;
}

export interface Smoothing {
  /** The share of each target that is spread over all classes; none if absent. */
  readonly smoothing?: number;
}

/** @throws ShapeError unless there is one row of scores for each sample */
export function rowsOfScores({ shape }: Tensor): { rows: number; classes: number } {
  const [rows, classes] = shape;
  if (rows === undefined || classes === undefined || shape.length !== 2) {
    const given = formatShape([null, ...shape.slice(1)]);
    throw new ShapeError(`the cross-entropy expects a row of scores for each sample, but the output is ${given}`);
  }
  return { rows, classes };
}

export const crossEntropy = defineOperation<Smoothing, Inputs>({
  name: 'crossEntropy',
  forward(tape, { logits, labels, weights }, smoothing) {
    const shape = rowsOfScores(logits);
    const { params, bindings } = rowFactors(weights);
    const inputs = { logits: logits.storage, labels: labels.storage, ...bindings };
    const output = meanOverRows(tape, shape.rows, (losses) =>
      tape.executor.dispatch(softmaxCrossEntropy, { ...shape, ...smoothing, ...params }, { ...inputs, losses }),
    );
    return { output, saved: {} };
  },
  gradients: {
    logits({ executor, attributes, inputs: { logits, labels, weights }, destination }) {
      const shape = rowsOfScores(logits);
      const { params, bindings } = rowFactors(weights);
      const dLogits = destination('logits');
      executor.dispatch(
        softmaxCrossEntropyBackward,
        { ...shape, ...attributes, ...params, share: 1 / shape.rows },
        { logits: logits.storage, labels: labels.storage, ...bindings, dLogits: dLogits.storage },
      );
      return dLogits;
    },
    labels: 'constant',
    weights: 'constant',
  },
});
