/** Callbacks: hooks into training. */
import type { ModelState } from '../engine/session.js';
import type { WeightSnapshot, WeightValues } from '../engine/weights.js';
import { ModelError } from '../errors.js';

/**
 * What an epoch came to: `loss`, `accuracy`, `learning_rate`, and `val_loss`, `val_accuracy` where there is
 * validation data.
 */
export type Logs = Readonly<Record<string, number>>;

/** What callbacks can do to the training that calls them. */
export interface TrainingControl {
  /** The step size that the optimizer goes by. Setting it throws a ModelError if it is not positive. */
  learningRate: number;
  /** If set, training ends after the epoch. */
  stopTraining: boolean;
  /** A copy of the present weights, on the device. */
  snapshot(): WeightSnapshot;
  getWeights(): Promise<ReadonlyMap<string, WeightValues>>;
  /** What the training can be resumed from. */
  getState(): Promise<ModelState>;
}

/** What a callback remembers between two epochs. */
export interface CallbackState {
  /** JSON. */
  readonly values: unknown;
  readonly tensors?: Readonly<Record<string, Float32Array>>;
}

/** Hooks into training; every one is optional, and may return a promise, which is awaited. */
export interface Callback {
  onTrainBegin?(control: TrainingControl): void | Promise<void>;
  onEpochBegin?(epoch: number, control: TrainingControl): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs, control: TrainingControl): void | Promise<void>;
  onTrainEnd?(control: TrainingControl): void | Promise<void>;
  /** What a later callback of the same options resumes from, with {@link Callback.setState} before training begins. */
  getState?(): CallbackState | Promise<CallbackState>;
  setState?(state: CallbackState): void;
}

/**
 * A quantity from an epoch's logs that a callback watches.
 *
 * @throws ModelError if they do not hold it
 */
export function watched(callback: string, monitor: string, logs: Logs): number {
  const value = logs[monitor];
  if (value === undefined)
    throw new ModelError(`${callback} watches "${monitor}", but the logs hold ${Object.keys(logs).join(', ')}`);
  return value;
}

/** Whether a quantity is better the larger it is: `auto` goes by its name. */
export const isMaximized = (mode: 'auto' | 'min' | 'max', monitor: string): boolean =>
  mode === 'max' || (mode === 'auto' && monitor.endsWith('accuracy'));
