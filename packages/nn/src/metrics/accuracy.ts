/** Loss and accuracy of an epoch, summed on the device, so that three numbers are read when it is over. */
import { type Executor, epochTotals, type Storage } from '@anke/kernels';
import type { Tensor } from '../autograd/tensor.js';

/** What one batch adds to an epoch's sums. */
export interface BatchResult {
  readonly logits: Tensor;
  readonly labels: Tensor;
  /** The batch's mean loss. */
  readonly loss: Tensor;
}

/** @param totals Σ loss · samples, correct samples, samples: the batch's are added */
export function addToTotals(executor: Executor, { logits, labels, loss }: BatchResult, totals: Storage): void {
  const [rows = 1, classes = 1] = logits.shape;
  const bindings = { scores: logits.storage, labels: labels.storage, loss: loss.storage, totals };
  executor.dispatch(epochTotals, { rows, classes }, bindings);
}
