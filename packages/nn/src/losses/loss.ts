/** What a loss is. */
import type { Tape } from '../autograd/tape.js';
import type { Tensor } from '../autograd/tensor.js';
import { ModelError } from '../errors.js';

/** The types of losses. A table about them is a `Record<LossType, …>`. */
export const LOSS_TYPES = [
  'SparseCategoricalCrossentropy',
  'CategoricalCrossentropy',
  'BinaryCrossentropy',
  'MeanSquaredError',
] as const;
export type LossType = (typeof LOSS_TYPES)[number];

/** An activation that a loss may contain: it is computed from what comes before it, so that nothing overflows. */
export type ContainedActivation = 'softmax' | 'sigmoid';

/** What a batch's loss is computed from. The first axis of each is the batch. */
export interface LossBatch {
  /** The model's output, without the activation at its end that the loss contains. */
  readonly logits: Tensor;
  /** The class number of each sample, where the loss takes labels. */
  readonly labels: Tensor;
  /** A number for each output, where the loss takes targets. */
  readonly targets?: Tensor | undefined;
  /** A factor for each sample, if they have one. */
  readonly weights?: Tensor | undefined;
}

export interface Loss {
  /** Its name in messages: that of its class, for those of the project. */
  readonly name: string;
  /** What samples must carry for it: class numbers, or a number for each output. */
  readonly takes: 'labels' | 'targets';
  /** Whether targets are probabilities, which lie in 0 … 1. */
  readonly probabilities?: boolean;
  /** The activation that it contains: at the model's end it is left out while the loss is computed. */
  readonly contains?: ContainedActivation;
  /** Σ weight · loss / samples of a batch, as a single number. */
  mean(tape: Tape, batch: LossBatch): Tensor;
}

export interface SmoothingOptions {
  /** The share of each target that is spread over all classes; 0 if absent. */
  readonly labelSmoothing?: number;
}

/**
 * The attributes of an operation that smooths labels.
 *
 * @throws ModelError if the share does not lie in 0 … 1
 */
export function smoothingOf({ labelSmoothing = 0 }: SmoothingOptions): { readonly smoothing?: number } {
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
    throw new ModelError(`labelSmoothing must lie in 0 … 1, not ${labelSmoothing}`);
  return labelSmoothing > 0 ? { smoothing: labelSmoothing } : {};
}

/**
 * The targets of a batch.
 *
 * @throws ModelError if there are none
 */
export function targetsOf({ name }: Loss, { targets }: LossBatch): Tensor {
  if (!targets) throw new ModelError(`${name} needs samples with targets`);
  return targets;
}
