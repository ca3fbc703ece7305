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

/** What an epoch sums up on the device. */
export interface EpochSums {
  /** Σ loss · samples, correct samples, samples. */
  readonly totals: Storage;
  /** The counters of the pass: logits and losses that are not finite are counted there. */
  readonly counters: Storage;
}

/** Adds a batch to an epoch's sums. */
export function addToTotals(executor: Executor, { logits, labels, loss }: BatchResult, sums: EpochSums): void {
  const [rows = 1, classes = 1] = logits.shape;
  const bindings = { scores: logits.storage, labels: labels.storage, loss: loss.storage, ...sums };
  executor.dispatch(epochTotals, { rows, classes }, bindings);
}
