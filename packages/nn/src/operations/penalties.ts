/** loss = mean + Σ λ · Σ w² over the regularized weights, which lie in one flat buffer. */
import { addPenalties, l2Backward, l2Parts, l2Penalties, type Storage } from '@anke/kernels';
import { defineOperation, type Gradient } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';

export interface PenaltiesAttributes {
  /** The buffer that holds all weights. */
  readonly weights: Storage;
  /** λ of each regularized weight, by the name of its input. */
  readonly factors: Readonly<Record<string, number>>;
}

type Inputs = Readonly<Record<string, Tensor>>;

/** dw = 2λ · w: the loss's own gradient is 1. */
const weightGradient =
  (name: string): Gradient<PenaltiesAttributes, Inputs, never> =>
  ({ executor, attributes, inputs, destination }) => {
    const dW = destination(name);
    const params = { length: sizeOf(dW.shape), factor: attributes.factors[name] as number };
    executor.dispatch(l2Backward, params, { weights: (inputs[name] as Tensor).storage, dWeights: dW.storage });
    return dW;
  };

/**
 * The operation for some regularized weights. Its inputs are `mean` and the weights. As the last operation of the
 * forward pass it is the first of the backward pass, so that its gradients are what a weight's gradient starts with.
 *
 * @param names of the weights' inputs
 */
export const penalties = (names: readonly string[]) =>
  defineOperation<PenaltiesAttributes, Inputs>({
    name: 'penalties',
    forward(tape, inputs, { weights, factors }) {
      const stretches = names.map((name) => {
        const { shape, storage } = inputs[name] as Tensor;
        const offset = (storage.offset - weights.offset) / 4;
        return { offset, length: sizeOf(shape), factor: factors[name] as number };
      });
      const parts = l2Parts(stretches.reduce((total, { length }) => total + length, 0));
      const sums = tape.temporary('l2 penalties', [parts]).storage;
      tape.executor.dispatch(l2Penalties, { stretches, parts }, { weights, parts: sums });
      const loss = tape.temporary('loss', [1]);
      const mean = (inputs['mean'] as Tensor).storage;
      tape.executor.dispatch(addPenalties, { penalties: parts }, { mean, penalties: sums, loss: loss.storage });
      return { output: loss, saved: {} };
    },
    gradients: { mean: ({ dY }) => dY, ...Object.fromEntries(names.map((name) => [name, weightGradient(name)])) },
  });
