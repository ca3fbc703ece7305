/** What losses have in common: a kernel tells the loss of each row, and the mean over the rows is the batch's. */
import { type Storage, sum } from '@anke/kernels';
import type { Workspace } from '../autograd/operation.js';
import type { Tensor } from '../autograd/tensor.js';

/** @param send sends what writes the loss of each row */
export function meanOverRows(tape: Workspace, rows: number, send: (losses: Storage) => void): Tensor {
  const losses = tape.temporary('losses', [rows]);
  send(losses.storage);
  const mean = tape.temporary('mean loss', [1]);
  const params = { outer: 1, length: rows, inner: 1, factor: 1 / rows };
  tape.executor.dispatch(sum, params, { x: losses.storage, y: mean.storage });
  return mean;
}

/** Factors of the rows, as kernels take them: `weighted` with the binding, or neither. */
export const rowFactors = (weights: Tensor | undefined) =>
  weights ? { params: { weighted: true }, bindings: { rowWeights: weights.storage } } : { params: {}, bindings: {} };
