/** loss = mean + Σ (l1 · Σ |w| + l2 · Σ w²) over the regularized weights, which lie in one flat buffer. */
import {
  addPenalties,
  penaltyBackward,
  penaltyParts,
  pieceOf,
  piecesOf,
  type Storage,
  weightPenalties,
  within,
} from '@anke/kernels';
import { defineOperation, type Gradient } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';
import type { Regularizer } from '../layers/regularizers.js';

export interface PenaltiesAttributes {
  /** The buffer that holds all weights. */
  readonly weights: Storage;
  /** The penalty of each regularized weight, by the name of its input. */
  readonly factors: Readonly<Record<string, Regularizer>>;
}

type Inputs = Readonly<Record<string, Tensor>>;

/** A penalty's factors as the kernels take them: an l1 of 0 is left out, so that nothing is computed for it. */
const penaltyOf = ({ l1 = 0, l2 = 0 }: Regularizer) => ({ l2, ...(l1 === 0 ? {} : { l1 }) });

/** dw = 2 · l2 · w + l1 · sign(w): the loss's own gradient is 1. */
const weightGradient =
  (name: string): Gradient<PenaltiesAttributes, Inputs, never> =>
  ({ executor, attributes, inputs, destination }) => {
    const dW = destination(name);
    const params = { length: sizeOf(dW.shape), ...penaltyOf(attributes.factors[name] as Regularizer) };
    executor.dispatch(penaltyBackward, params, { weights: (inputs[name] as Tensor).storage, dWeights: dW.storage });
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
        return { offset, length: sizeOf(shape), ...penaltyOf(factors[name] as Regularizer) };
      });
      const { executor } = tape;
      let output = inputs['mean'] as Tensor;
      for (const piece of piecesOf(weights.bytes / 4, executor.gpu)) {
        const own = stretches.map((stretch) => within(stretch, piece)).filter(({ length }) => length > 0);
        if (own.length === 0) continue;
        const parts = penaltyParts(own.reduce((total, { length }) => total + length, 0));
        const sums = tape.temporary('penalties', [parts]).storage;
        executor.dispatch(
          weightPenalties,
          { stretches: own, parts },
          { weights: pieceOf(weights, piece), parts: sums },
        );
        const loss = tape.temporary('loss', [1]);
        const bindings = { mean: output.storage, penalties: sums, loss: loss.storage };
        executor.dispatch(addPenalties, { penalties: parts }, bindings);
        output = loss;
      }
      return { output, saved: {} };
    },
    gradients: { mean: ({ dY }) => dY, ...Object.fromEntries(names.map((name) => [name, weightGradient(name)])) },
  });
