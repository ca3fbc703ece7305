/** The metrics by the names that recipes give them. */
import {
  Accuracy,
  BinaryAccuracy,
  type BinaryAccuracyOptions,
  TopKCategoricalAccuracy,
  type TopKOptions,
} from './accuracy.js';
import { MeanAbsoluteError } from './mean-absolute-error.js';
import type { Metric, MetricOptions, MetricType } from './metric.js';
import { Precision, type PrecisionOptions, Recall } from './precision.js';

/** How each metric is made from its options. */
export const metrics = {
  Accuracy: (options: MetricOptions) => new Accuracy(options),
  BinaryAccuracy: (options: BinaryAccuracyOptions) => new BinaryAccuracy(options),
  TopKCategoricalAccuracy: (options: TopKOptions) => new TopKCategoricalAccuracy(options),
  Precision: (options: PrecisionOptions) => new Precision(options),
  Recall: (options: PrecisionOptions) => new Recall(options),
  MeanAbsoluteError: (options: MetricOptions) => new MeanAbsoluteError(options),
} satisfies Record<MetricType, (options: never) => Metric>;
