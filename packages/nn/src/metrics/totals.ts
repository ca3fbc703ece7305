/** What every step adds to an epoch's sums: its loss, its samples and, of labels, those that are predicted right. */
import { type Executor, epochTotals, lossTotal, type Storage } from '@anke/kernels';
import type { Tensor } from '../autograd/tensor.js';
import type { Loss, LossBatch } from '../losses/loss.js';

/** What an epoch sums up on the device. */
export interface Totals {
  /** Σ loss · samples, correct samples (of labels), samples. */
  readonly totals: Storage;
  /** The counters of the pass: logits and losses that are not finite are counted there. */
  readonly counters: Storage;
}

/** @param mean the batch's mean loss, with the penalties */
export function addToTotals(
  executor: Executor,
  { takes }: Loss,
  { logits, labels }: LossBatch,
  mean: Tensor,
  sums: Totals,
): void {
  const [rows = 1, classes = 1] = logits.shape;
  const loss = mean.storage;
  if (takes === 'targets') executor.dispatch(lossTotal, { rows }, { loss, ...sums });
  else
    executor.dispatch(
      epochTotals,
      { rows, classes },
      { scores: logits.storage, labels: labels.storage, loss, ...sums },
    );
}
