/** The mean over the batch of w · Σ_j (y_j − t_j)² / outputs, whatever the shape of an output. */
import { squaredError as forwardKernel, squaredErrorBackward } from '@anke/kernels';
import { defineOperation } from '../autograd/operation.js';
import { sizeOf, type Tensor } from '../autograd/tensor.js';
import { meanOverRows, rowFactors } from './mean-over-rows.js';

interface Inputs {
  readonly outputs: Tensor;
  /** One for each output. */
  readonly targets: Tensor;
  /** A factor for each row. */
  readonly weights?: Tensor | undefined;
}

/** A batch's outputs, each sample's as a row. */
export const rowsOfOutputs = ({ shape }: Tensor): { rows: number; outputs: number } => {
  const [rows = 1, ...one] = shape;
  return { rows, outputs: sizeOf(one) };
};

export const squaredError = defineOperation<object, Inputs>({
  name: 'squaredError',
  forward(tape, { outputs, targets, weights }) {
    const shape = rowsOfOutputs(outputs);
    const { params, bindings } = rowFactors(weights);
    const inputs = { outputs: outputs.storage, targets: targets.storage, ...bindings };
    const output = meanOverRows(tape, shape.rows, (losses) =>
      tape.executor.dispatch(forwardKernel, { ...shape, ...params }, { ...inputs, losses }),
    );
    return { output, saved: {} };
  },
  gradients: {
    outputs({ executor, inputs: { outputs, targets, weights }, destination }) {
      const { params, bindings } = rowFactors(weights);
      const dOutputs = destination('outputs');
      executor.dispatch(
        squaredErrorBackward,
        { ...rowsOfOutputs(outputs), ...params, share: 1 / sizeOf(outputs.shape) },
        { outputs: outputs.storage, targets: targets.storage, ...bindings, dOutputs: dOutputs.storage },
      );
      return dOutputs;
    },
    targets: 'constant',
    weights: 'constant',
  },
});
