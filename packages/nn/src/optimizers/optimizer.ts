/** What an optimizer is, and the checks that several of them make of their options. */
import type { Executor, Storage } from '@anke/kernels';
import { ModelError } from '../errors.js';

/** The types of optimizers. A table about them is a `Record<OptimizerType, …>`. */
export const OPTIMIZER_TYPES = ['Adam', 'SGD'] as const;
export type OptimizerType = (typeof OPTIMIZER_TYPES)[number];

/** What an optimizer works on: all trained weights of a model, as flat buffers of `length` elements. */
export interface OptimizerMemory {
  readonly length: number;
  readonly weights: Storage;
  readonly gradients: Storage;
  /** The learning rate, on the device. */
  readonly rate: Storage;
  /** The counters of the pass, where elements are noted whose update would not be finite. */
  readonly counters: Storage;
  /** The optimizer's own buffers, by the names that {@link Optimizer.state} gives them. */
  readonly state: Readonly<Record<string, Storage>>;
}

export interface Optimizer {
  readonly name: OptimizerType;
  /** The learning rate to start with. */
  readonly learningRate: number;
  /**
   * The buffers that it keeps from step to step, with their numbers of float32 elements. They start at zero.
   *
   * @param length elements of the weights
   */
  state(length: number): Readonly<Record<string, number>>;
  /** Sends the kernels of one update. */
  update(executor: Executor, memory: OptimizerMemory): void;
}

/** @throws ModelError if the value is not positive, or no float32 */
export function positive(value: number, what: string): number {
  if (!(value > 0 && Number.isFinite(Math.fround(value))))
    throw new ModelError(`${what} must be positive, not ${value}`);
  return value;
}

/** @throws ModelError if the value does not lie in 0 … 1, without 1 */
export function fraction(value: number, what: string): number {
  if (!(value >= 0 && value < 1)) throw new ModelError(`${what} must lie in 0 … 1 (without 1), not ${value}`);
  return value;
}
