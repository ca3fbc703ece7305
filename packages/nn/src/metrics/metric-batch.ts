/** A batch as metrics see it. What several of them need is computed once, when the first one asks for it. */
import { activationForward, argmax, type Executor, type Storage, softmax } from '@anke/kernels';
import type { ContainedActivation, LossBatch } from '../losses/loss.js';
import { rowsOfOutputs } from '../operations/squared-error.js';

export class MetricBatch {
  /** Samples in the batch. */
  readonly rows: number;
  /** Numbers in one output of the model. */
  readonly outputs: number;
  /** (rows, outputs): the model's output, without the activation that the loss contains. */
  readonly logits: Storage;
  /** (rows,) of u32: the samples' class numbers, where the loss takes labels. */
  readonly labels: Storage | undefined;
  /** (rows, outputs): the samples' targets, where the loss takes targets. */
  readonly targets: Storage | undefined;
  #predictions: Storage | undefined;
  #classes: Storage | undefined;
  #predictedClasses: Storage | undefined;

  constructor(
    private readonly executor: Executor,
    { logits, labels, targets }: LossBatch,
    private readonly contains: ContainedActivation | undefined,
  ) {
    const { rows, outputs } = rowsOfOutputs(logits);
    this.rows = rows;
    this.outputs = outputs;
    this.logits = logits.storage;
    this.labels = targets ? undefined : labels.storage;
    this.targets = targets?.storage;
  }

  /** (rows, outputs): the model's output with the activation that the loss contains. */
  get predictions(): Storage {
    this.#predictions ??= this.#activated();
    return this.#predictions;
  }

  /** (rows,) of u32: each sample's class: its label, or the largest of its targets. */
  get classes(): Storage {
    this.#classes ??= this.labels ?? this.#largest('classes', this.targets as Storage);
    return this.#classes;
  }

  /** (rows,) of u32: the class with the largest output; of equals, the first. */
  get predictedClasses(): Storage {
    this.#predictedClasses ??= this.#largest('predicted classes', this.logits);
    return this.#predictedClasses;
  }

  #activated(): Storage {
    const { executor, rows, outputs, logits, contains } = this;
    if (!contains) return logits;
    const y = executor.temporary('predictions', rows * outputs * 4);
    if (contains === 'softmax') executor.dispatch(softmax, { rows, classes: outputs }, { logits, y });
    else {
      const params = { length: rows * outputs, activation: { type: contains } };
      executor.dispatch(activationForward, params, { x: logits, y });
    }
    return y;
  }

  #largest(label: string, scores: Storage): Storage {
    const { executor, rows, outputs } = this;
    const classes = executor.temporary(label, rows * 4, 'u32');
    executor.dispatch(argmax, { rows, classes: outputs }, { scores, classes });
    return classes;
  }
}
