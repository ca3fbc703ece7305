import { ModelError } from '../errors.js';
import type { Sequential } from '../model/sequential.js';

/** What an epoch came to: `loss`, `accuracy`, `learning_rate`, and `val_loss`, `val_accuracy` where there is validation data. */
export type Logs = Readonly<Record<string, number>>;

/** Before the first step, kernels are chosen and compiled: each dispatch is counted twice. Then, samples are counted. */
export type ProgressPhase = 'preparing' | 'training' | 'validation';

/** What a callback remembers between two epochs. */
export interface CallbackState {
  /** JSON. */
  readonly values: unknown;
  readonly tensors?: Readonly<Record<string, Float32Array>>;
}

/** Hooks into training; every one is optional. Setting `model.stopTraining` ends training after the epoch. */
export interface Callback {
  onTrainBegin?(model: Sequential): void | Promise<void>;
  onEpochBegin?(epoch: number, model: Sequential): void | Promise<void>;
  /** What is done, and of how much; in training and validation, called some times a second at most. */
  onProgress?(phase: ProgressPhase, done: number, total: number): void;
  onEpochEnd?(epoch: number, logs: Logs, model: Sequential): void | Promise<void>;
  onTrainEnd?(model: Sequential): void | Promise<void>;
  /** What a later callback of the same options can go on from, with {@link Callback.setState} before training begins. */
  getState?(model: Sequential): CallbackState | Promise<CallbackState>;
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

/** What `fit` returns: the logs of every epoch. */
export class History implements Callback {
  readonly epochs: Logs[] = [];

  onEpochEnd(_: number, logs: Logs): void {
    this.epochs.push(logs);
  }

  /** One quantity over the epochs. */
  series(name: string): number[] {
    return this.epochs.map((logs) => logs[name] ?? Number.NaN);
  }
}
