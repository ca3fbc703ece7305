import { ModelError } from '../errors.js';
import type { Sequential, WeightSnapshot } from '../model/sequential.js';
import type { Callback, Logs } from './callback.js';

export interface EarlyStoppingOptions {
  /** A name from the logs. */
  readonly monitor?: string;
  /** Changes of at most this are no improvement. */
  readonly minDelta?: number;
  /** Epochs without an improvement after which training stops. */
  readonly patience?: number;
  readonly mode?: 'auto' | 'min' | 'max';
  readonly restoreBestWeights?: boolean;
}

/** Stops training when a quantity no longer improves, as Keras defines it. */
export class EarlyStopping implements Callback {
  readonly monitor: string;
  /** The epoch (from 0) with the best value, once there is one. */
  bestEpoch: number | undefined;
  /** The epoch (from 0) after which training was stopped, if it was. */
  stoppedEpoch: number | undefined;
  readonly #minDelta: number;
  readonly #patience: number;
  readonly #restore: boolean;
  readonly #maximize: boolean;
  #best = 0;
  #wait = 0;
  #weights: WeightSnapshot | undefined;

  constructor(options: EarlyStoppingOptions = {}) {
    const { monitor = 'val_loss', minDelta = 0, patience = 0, mode = 'auto', restoreBestWeights = false } = options;
    if (!(patience >= 0)) throw new ModelError(`patience must be at least 0, not ${patience}`);
    this.monitor = monitor;
    this.#minDelta = Math.abs(minDelta);
    this.#patience = patience;
    this.#restore = restoreBestWeights;
    this.#maximize = mode === 'max' || (mode === 'auto' && monitor.endsWith('accuracy'));
  }

  onTrainBegin(): void {
    this.#best = this.#maximize ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    this.#wait = 0;
    this.bestEpoch = undefined;
    this.stoppedEpoch = undefined;
  }

  onEpochEnd(epoch: number, logs: Logs, model: Sequential): void {
    const current = logs[this.monitor];
    if (current === undefined) {
      throw new ModelError(
        `EarlyStopping watches "${this.monitor}", but the logs hold ${Object.keys(logs).join(', ')}`,
      );
    }
    // Without a best value yet, the current weights are the best, even if the value is not a number.
    if (this.bestEpoch === undefined) this.#remember(epoch, model);
    this.#wait++;
    const gain = this.#maximize ? current - this.#best : this.#best - current;
    if (gain > this.#minDelta) {
      this.#best = current;
      this.#remember(epoch, model);
      this.#wait = 0;
    } else if (this.#wait >= this.#patience && epoch > 0) {
      this.stoppedEpoch = epoch;
      model.stopTraining = true;
    }
  }

  onTrainEnd(model: Sequential): void {
    if (!this.#weights) return;
    model.restore(this.#weights);
    this.#weights.destroy();
    this.#weights = undefined;
  }

  #remember(epoch: number, model: Sequential): void {
    this.bestEpoch = epoch;
    if (this.#restore) this.#weights = model.snapshot(this.#weights);
  }
}
