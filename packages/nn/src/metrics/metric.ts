/** What a metric is: running sums on the device, kernels that add a batch to them, and a value made of them. */
import type { Executor, Storage } from '@anke/kernels';
import type { MetricBatch } from './metric-batch.js';

/** The types of metrics. A table about them is a `Record<MetricType, …>`. */
export const METRIC_TYPES = [
  'Accuracy',
  'BinaryAccuracy',
  'TopKCategoricalAccuracy',
  'Precision',
  'Recall',
  'MeanAbsoluteError',
] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

/**
 * A quantity of an epoch. An object of one's own may be one: its kernels may be one's own too (`defineKernel`), and its
 * sums come back behind each submit, with those of the loss.
 */
export interface Metric {
  /** Its name in logs and histories; there `val_` stands before it where it is of the validation. */
  readonly name: string;
  /** Whether it is better the larger or the smaller it is: what callbacks go by whose mode is `auto`. */
  readonly direction?: 'max' | 'min';
  /** Whether it compares outputs with targets, which samples that carry labels do not have. */
  readonly takes?: 'targets';
  /**
   * Number of float32 sums that it keeps on the device. An epoch begins with zeros.
   *
   * @param outputs numbers in one output of the model
   */
  sums(outputs: number): number;
  /** Sends kernels that add a batch to the sums. */
  update(executor: Executor, batch: MetricBatch, sums: Storage): void;
  /** The value of the sums. */
  value(sums: Float32Array): number;
}

/** What a metric of the project may be called. */
export interface MetricOptions {
  /** Its name in logs; Keras's if absent. */
  readonly name?: string;
}

/** a / b, or 0 where b is 0, as Keras has it. */
export const share = (a = 0, b = 0): number => (b === 0 ? 0 : a / b);
