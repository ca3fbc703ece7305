/** What metrics that compare outputs with a threshold have in common. */
import { type Executor, type Storage, thresholdCounts } from '@anke/kernels';
import { ModelError } from '../errors.js';
import type { MetricBatch } from './metric-batch.js';

/** Sums of `metrics/threshold-counts`: right positives, predicted positives, positives, all. */
export const THRESHOLD_SUMS = 4;

/** @throws ModelError if it does not lie in 0 … 1 */
export function checkThreshold(name: string, threshold: number): number {
  if (!(threshold >= 0 && threshold <= 1))
    throw new ModelError(`${name}: the threshold must lie in 0 … 1, not ${threshold}`);
  return threshold;
}

/** Adds outputs above a threshold, and what they should be, to {@link THRESHOLD_SUMS} sums. */
export function countSides(
  executor: Executor,
  { rows, outputs, predictions, labels, targets }: MetricBatch,
  sums: Storage,
  threshold: number,
  column?: number,
): void {
  const params = { rows, outputs, threshold, column, labelled: targets === undefined };
  const bindings = { outputs: predictions, sums, ...(targets ? { targets } : {}), ...(labels ? { labels } : {}) };
  executor.dispatch(thresholdCounts, params, bindings);
}
