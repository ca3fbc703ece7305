/**
 * What a model does to one batch, as plain dispatches on any executor. Recorded once, a step is replayed for every batch of
 * its size. A training step sends, in this order:
 *
 *   gather (or augment) → layers → loss → penalties → the epoch's sums → gradients → optimizer → advance
 *
 * `advance` comes last, so that everything random in a step draws with the same count.
 */
import { advance, type Augmentation, augment, type Executor, gather, type Storage, scatter } from '@anke/kernels';
import { Tape } from '../autograd/tape.js';
import { type Shape, sizeOf, type Tensor } from '../autograd/tensor.js';
import type { Graph, GraphNode } from '../graph/graph.js';
import { penalized, type Regularized } from '../losses/penalties.js';
import type { Loss } from '../losses/loss.js';
import { addToTotals } from '../metrics/accuracy.js';
import type { Optimizer, OptimizerMemory } from '../optimizers/optimizer.js';

/** What a step needs to know of a model's memory on the device. */
export interface StepMemory extends Omit<OptimizerMemory, 'state'> {
  /** The step's number, its index in the epoch, and the seed: three integers. */
  readonly counters: Storage;
  /**
   * A weight as a tensor; with its gradient if it is trained.
   *
   * @param name `layer/weight`
   */
  tensor(name: string, training: boolean): Tensor;
}

export interface StepModel {
  readonly graph: Graph;
  readonly memory: StepMemory;
  /** How activations are kept between layers and for the backward pass; everything else is float32. */
  readonly storage: 'f32' | 'f16';
}

/** What a step needs to know of samples on the device. */
export interface StepData {
  readonly count: number;
  readonly shape: Shape;
  /** Bytes of all samples; the model sees byte · factor + offset. */
  readonly pixels: Storage;
  readonly factor: number;
  readonly offset: number;
  readonly labels: Storage;
  /** Row numbers in the order in which they are used. */
  readonly order: Storage;
  /** How the images are changed at random on their way into the model; not at all if absent. */
  readonly augmentation?: Augmentation | undefined;
}

export interface StepBatch {
  readonly size: number;
  /** Rows between batches: the size of a full one, also where this is the smaller last one. */
  readonly stride: number;
}

export interface PredictStep {
  readonly model: StepModel;
  readonly data: StepData;
  readonly batch: StepBatch;
  /** Where the outputs of all samples lie: (samples, …output). */
  readonly results: Storage;
}

export interface EvaluateStep {
  readonly model: StepModel;
  readonly data: StepData;
  readonly batch: StepBatch;
  readonly loss: Loss;
  /** Sums of the epoch: Σ loss · samples, correct samples, samples. */
  readonly totals: Storage;
}

export interface TrainStep extends EvaluateStep {
  readonly optimizer: Optimizer;
  /** The optimizer's buffers, by the names of {@link Optimizer.state}. */
  readonly state: Readonly<Record<string, Storage>>;
}

/** What a caller may want to read after a step. */
export interface StepResult {
  readonly logits: Tensor;
  /** The batch's mean loss, with the penalties. */
  readonly loss: Tensor;
}
