import {
  add as addKernel,
  l2Backward,
  l2Penalty,
  softmaxCrossEntropy,
  softmaxCrossEntropyBackward,
  sum,
} from '@anke/kernels';
import { defineOperation, type GradientContext } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

const rowsOf = (logits: Tensor): { rows: number; classes: number } => {
  const [rows = 1, classes = 1] = logits.shape;
  return { rows, classes };
};

/** The mean over the batch of −log softmax(logits)[label]. */
export const meanCrossEntropy = defineOperation({
  name: 'meanCrossEntropy',
  inputs: ['logits', 'labels'],
  constants: ['labels'],
  forward: (tape, { logits, labels }) => {
    const { rows, classes } = rowsOf(logits);
    const losses = tape.executor.temporary('losses', rows * 4);
    const bindings = { logits: logits.storage, labels: labels.storage, losses };
    tape.executor.dispatch(softmaxCrossEntropy, { rows, classes }, bindings);
    const mean = tape.temporary('mean loss', [1]);
    const params = { outer: 1, length: rows, inner: 1, splits: 1, factor: 1 / rows };
    tape.executor.dispatch(sum, params, { x: losses, y: mean.storage });
    return { output: mean, saved: {} };
  },
  gradients: {
    logits: (context: GradientContext<object, 'logits' | 'labels'>): Tensor => {
      const { executor, inputs, dY } = context;
      const dLogits = context.destination('logits');
      const bindings = { logits: inputs.logits.storage, labels: inputs.labels.storage, dLoss: dY.storage };
      const params = rowsOf(inputs.logits);
      executor.dispatch(
        softmaxCrossEntropyBackward,
        { ...params, share: 1 / params.rows },
        { ...bindings, dLogits: dLogits.storage },
      );
      return dLogits;
    },
  },
});

/** λ · Σ w² */
export const l2 = defineOperation({
  name: 'l2',
  inputs: ['w'],
  constants: [],
  forward: (tape, { w }, { factor }: { readonly factor: number }) => {
    const penalty = tape.temporary('l2 penalty', [1]);
    const bindings = { weights: w.storage, penalty: penalty.storage };
    tape.executor.dispatch(l2Penalty, { length: sizeOf(w.shape), factor }, bindings);
    return { output: penalty, saved: {} };
  },
  gradients: {
    w: ({
      executor,
      attributes,
      inputs,
      dY,
      destination,
    }: GradientContext<{ readonly factor: number }, 'w'>): Tensor => {
      const dW = destination('w');
      const bindings = { weights: inputs.w.storage, dPenalty: dY.storage, dWeights: dW.storage };
      executor.dispatch(l2Backward, { length: sizeOf(inputs.w.shape), factor: attributes.factor }, bindings);
      return dW;
    },
  },
});

/** a + b */
export const add = defineOperation({
  name: 'add',
  inputs: ['a', 'b'],
  constants: [],
  forward: (tape, { a, b }) => {
    const total = tape.temporary('add', a.shape);
    const bindings = { a: a.storage, b: b.storage, sum: total.storage };
    tape.executor.dispatch(addKernel, { length: sizeOf(a.shape) }, bindings);
    return { output: total, saved: {} };
  },
  gradients: {
    // Each summand has the gradient of the sum; as neither is a weight, it need not be copied.
    a: ({ dY }: GradientContext<object, 'a' | 'b'>): Tensor => dY,
    b: ({ dY }: GradientContext<object, 'a' | 'b'>): Tensor => dY,
  },
});
