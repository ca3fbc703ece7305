/** The mean of |output − target| over the outputs and the samples. */
import { absoluteError, addRows, type Executor, type Storage } from '@anke/kernels';
import { type Metric, type MetricOptions, share } from './metric.js';
import type { MetricBatch } from './metric-batch.js';

export class MeanAbsoluteError implements Metric {
  readonly name: string;
  readonly direction = 'min';
  readonly takes = 'targets';

  constructor({ name = 'mean_absolute_error' }: MetricOptions = {}) {
    this.name = name;
  }

  sums(): number {
    return 2;
  }

  update(executor: Executor, { rows, outputs, predictions, targets }: MetricBatch, sums: Storage): void {
    const losses = executor.temporary('absolute errors', rows * 4);
    const bindings = { outputs: predictions, targets: targets as Storage, losses };
    executor.dispatch(absoluteError, { rows, outputs }, bindings);
    executor.dispatch(addRows, { rows }, { values: losses, sums });
  }

  value(sums: Float32Array): number {
    return share(sums[0], sums[1]);
  }
}
