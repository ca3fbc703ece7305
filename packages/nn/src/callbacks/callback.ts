import type { Sequential } from '../model/sequential.js';

/** What an epoch came to: `loss`, `accuracy`, and `val_loss`, `val_accuracy` where there is validation data. */
export type Logs = Readonly<Record<string, number>>;

/** Before the first step, kernels are chosen and compiled: each dispatch is counted twice. Then, samples are counted. */
export type ProgressPhase = 'preparing' | 'training' | 'validation';

/** Hooks into training; every one is optional. Setting `model.stopTraining` ends training after the epoch. */
export interface Callback {
  onTrainBegin?(model: Sequential): void | Promise<void>;
  onEpochBegin?(epoch: number, model: Sequential): void | Promise<void>;
  /** What is done, and of how much; in training and validation, called some times a second at most. */
  onProgress?(phase: ProgressPhase, done: number, total: number): void;
  onEpochEnd?(epoch: number, logs: Logs, model: Sequential): void | Promise<void>;
  onTrainEnd?(model: Sequential): void | Promise<void>;
}

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
