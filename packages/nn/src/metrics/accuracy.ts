/** The share of samples, or of outputs, that are predicted right. */
import { addRows, type Executor, equalRows, type Storage, topKRows } from '@anke/kernels';
import { ModelError } from '../errors.js';
import { type Metric, type MetricOptions, share } from './metric.js';
import type { MetricBatch } from './metric-batch.js';
import { checkThreshold, countSides, THRESHOLD_SUMS } from './threshold.js';

/** Outputs that are on the same side of the threshold as their targets. */
function rightSide([both = 0, predicted = 0, actual = 0, all = 0]: Float32Array): number {
  return share(all - predicted - actual + 2 * both, all);
}

/** Adds to two sums whether each sample is right, as one kernel tells it, and the number of samples. */
function addHits(executor: Executor, rows: number, sums: Storage, send: (hits: Storage) => void): void {
  const hits = executor.temporary('hits', rows * 4);
  send(hits);
  executor.dispatch(addRows, { rows }, { values: hits, sums });
}

/**
 * Keras's `accuracy`: which one it is depends on the output. With several outputs, the share of samples whose largest
 * output is that of their class; with a single one, that of samples on the right side of 0.5.
 */
export class Accuracy implements Metric {
  readonly name: string;
  readonly direction = 'max';

  constructor({ name = 'accuracy' }: MetricOptions = {}) {
    this.name = name;
  }

  sums(outputs: number): number {
    return outputs === 1 ? THRESHOLD_SUMS : 2;
  }

  update(executor: Executor, batch: MetricBatch, sums: Storage): void {
    const { rows, outputs } = batch;
    if (outputs === 1) countSides(executor, batch, sums, 0.5);
    else
      addHits(executor, rows, sums, (hits) =>
        executor.dispatch(equalRows, { rows }, { predicted: batch.predictedClasses, actual: batch.classes, hits }),
      );
  }

  value(sums: Float32Array): number {
    return sums.length === THRESHOLD_SUMS ? rightSide(sums) : share(sums[0], sums[1]);
  }
}

export interface BinaryAccuracyOptions extends MetricOptions {
  /** Outputs above it count as 1; 0.5 if absent. */
  readonly threshold?: number;
}

/** The share of outputs that are on the same side of the threshold as their targets are of 1/2. */
export class BinaryAccuracy implements Metric {
  readonly name: string;
  readonly direction = 'max';
  readonly #threshold: number;

  /** @throws ModelError if the threshold does not lie in 0 … 1 */
  constructor({ name = 'binary_accuracy', threshold = 0.5 }: BinaryAccuracyOptions = {}) {
    this.name = name;
    this.#threshold = checkThreshold(name, threshold);
  }

  sums(): number {
    return THRESHOLD_SUMS;
  }

  update(executor: Executor, batch: MetricBatch, sums: Storage): void {
    countSides(executor, batch, sums, this.#threshold);
  }

  value(sums: Float32Array): number {
    return rightSide(sums);
  }
}

export interface TopKOptions extends MetricOptions {
  /** 5 if absent. */
  readonly k?: number;
}

/**
 * The share of samples whose class is among the k largest outputs. Outputs that equal the k-th are among them, as in
 * Keras. It takes labels (Keras: SparseTopKCategoricalAccuracy) and targets.
 */
export class TopKCategoricalAccuracy implements Metric {
  readonly name: string;
  readonly direction = 'max';
  readonly #k: number;

  /** @throws ModelError if k is no positive integer */
  constructor({ name = 'top_k_categorical_accuracy', k = 5 }: TopKOptions = {}) {
    if (!Number.isInteger(k) || k < 1) throw new ModelError(`${name}: k must be a positive integer, not ${k}`);
    this.name = name;
    this.#k = k;
  }

  sums(): number {
    return 2;
  }

  update(executor: Executor, batch: MetricBatch, sums: Storage): void {
    const { rows, outputs: classes, logits: scores } = batch;
    addHits(executor, rows, sums, (hits) =>
      executor.dispatch(topKRows, { rows, classes, k: this.#k }, { scores, labels: batch.classes, hits }),
    );
  }

  value(sums: Float32Array): number {
    return share(sums[0], sums[1]);
  }
}
