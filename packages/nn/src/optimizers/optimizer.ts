/** What an optimizer is. */
import type { Executor, Storage } from '@anke/kernels';
import type { LearningRateSchedule } from './schedules.js';

/** The types of optimizers. A table about them is a `Record<OptimizerType, …>`. */
export const OPTIMIZER_TYPES = ['Adam', 'AdamW', 'Nadam', 'RMSprop', 'SGD'] as const;
export type OptimizerType = (typeof OPTIMIZER_TYPES)[number];

/** A trained weight in the flat buffers. */
export interface TrainedWeight {
  /** `layer/weight`. */
  readonly name: string;
  /** In elements; a multiple of the kernels' `BLOCK`. */
  readonly offset: number;
  readonly length: number;
}

/** What an optimizer works on: all trained weights of a model, as flat buffers of `length` elements. */
export interface OptimizerMemory {
  readonly length: number;
  readonly weights: Storage;
  readonly gradients: Storage;
  /** The weights that lie in the buffers, in their order; what lies between them is zero. */
  readonly trained: readonly TrainedWeight[];
  /** The learning rate, on the device. */
  readonly rate: Storage;
  /** The counters of the pass, where elements are noted whose update would not be finite. */
  readonly counters: Storage;
  /** The optimizer's own buffers, by the names that {@link Optimizer.state} and {@link Optimizer.tables} give them. */
  readonly state: Readonly<Record<string, Storage>>;
}

export interface Optimizer {
  readonly name: OptimizerType;
  /** The learning rate to start with. */
  readonly learningRate: number;
  /** What the learning rate follows from step to step, if it does. */
  readonly schedule?: LearningRateSchedule | undefined;
  /**
   * The buffers that it keeps from step to step, with their numbers of float32 elements. They start at zero.
   *
   * @param length elements of the weights
   */
  state(length: number): Readonly<Record<string, number>>;
  /**
   * Makes sure that its options fit a model.
   *
   * @param trained the names of the weights that the model trains, `layer/weight`
   * @throws ModelError if an option names a weight that is not among them
   */
  check?(trained: readonly string[]): void;
  /** Buffers that it reads and never changes. */
  tables?(memory: Pick<OptimizerMemory, 'length' | 'trained'>): Readonly<Record<string, Uint32Array>>;
  /** Sends the kernels of one update. */
  update(executor: Executor, memory: OptimizerMemory): void;
}
