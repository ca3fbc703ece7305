/**
 * Precision and recall:
 *
 *   precision = right positives / predicted positives        recall = right positives / positives
 *
 * As in Keras, every output of every sample is by itself positive where it is above a threshold, and is to be so where
 * its target is above 1/2, or its number is the label; `classId` looks at one output alone. With `average: 'macro'`,
 * which Keras has for its F-scores only, a sample is predicted as the class of its largest output, and the value is the
 * mean over the classes, each counted alike. Where nothing is divided by, the value is 0.
 */
import { CLASS_SUMS, classCounts, type Executor, type Storage } from '@anke/kernels';
import { ModelError } from '../errors.js';
import { type Metric, type MetricOptions, share } from './metric.js';
import type { MetricBatch } from './metric-batch.js';
import { checkThreshold, countSides, THRESHOLD_SUMS } from './threshold.js';

export interface PrecisionOptions extends MetricOptions {
  /** Outputs above it are positive; 0.5 if absent. */
  readonly threshold?: number;
  /** The only output that counts; all of them if absent. */
  readonly classId?: number;
  /** The mean over the classes, each of them predicted where its output is the largest. */
  readonly average?: 'macro';
}

/** Precision and recall differ in what the right positives are divided by: which of the sums that is. */
abstract class OfPositives implements Metric {
  readonly name: string;
  readonly direction = 'max';
  readonly #options: PrecisionOptions;
  readonly #threshold: number;

  /** @param divisor the sum that right positives, which come first, are divided by */
  constructor(
    options: PrecisionOptions,
    name: string,
    private readonly divisor: 1 | 2,
  ) {
    const { threshold, classId, average } = options;
    this.name = options.name ?? name;
    this.#options = options;
    this.#threshold = checkThreshold(this.name, threshold ?? 0.5);
    if (average !== undefined && (threshold !== undefined || classId !== undefined))
      throw new ModelError(`${this.name}: average takes the largest output, so threshold and classId have no meaning`);
    if (classId !== undefined && !(Number.isInteger(classId) && classId >= 0))
      throw new ModelError(`${this.name}: classId must be the number of an output, not ${classId}`);
  }

  /** @throws ModelError if there is no such output */
  sums(outputs: number): number {
    const { classId = 0, average } = this.#options;
    if (classId >= outputs)
      throw new ModelError(`${this.name}: there is no output ${classId}, the model has ${outputs}`);
    return average ? CLASS_SUMS * outputs : THRESHOLD_SUMS;
  }

  update(executor: Executor, batch: MetricBatch, sums: Storage): void {
    const { classId, average } = this.#options;
    if (average) {
      const { rows, outputs: classes, classes: actual, predictedClasses: predicted } = batch;
      executor.dispatch(classCounts, { rows, classes }, { predicted, actual, sums });
    } else countSides(executor, batch, sums, this.#threshold, classId);
  }

  value(sums: Float32Array): number {
    const { average } = this.#options;
    if (!average) return share(sums[0], sums[this.divisor]);
    let total = 0;
    for (let first = 0; first < sums.length; first += CLASS_SUMS)
      total += share(sums[first], sums[first + this.divisor]);
    return total / (sums.length / CLASS_SUMS);
  }
}

export class Precision extends OfPositives {
  /** @throws ModelError if an option makes no sense */
  constructor(options: PrecisionOptions = {}) {
    super(options, 'precision', 1);
  }
}

export class Recall extends OfPositives {
  /** @throws ModelError if an option makes no sense */
  constructor(options: PrecisionOptions = {}) {
    super(options, 'recall', 2);
  }
}
