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

/** What it remembers between two epochs. */
export interface EarlyStoppingState {
  /** The best value so far; undefined before the first. */
  readonly best: number | undefined;
  readonly bestEpoch: number | undefined;
  readonly stoppedEpoch: number | undefined;
  readonly wait: number;
  /** The best weights and moving averages, if they are to be restored. */
  readonly weights?: Float32Array;
  readonly averages?: Float32Array;
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
  /** What the next training begins with. */
  #earlier: EarlyStoppingState | undefined;

  constructor(options: EarlyStoppingOptions = {}) {
    const { monitor = 'val_loss', minDelta = 0, patience = 0, mode = 'auto', restoreBestWeights = false } = options;
    if (!(patience >= 0)) throw new ModelError(`patience must be at least 0, not ${patience}`);
    this.monitor = monitor;
    this.#minDelta = Math.abs(minDelta);
    this.#patience = patience;
    this.#restore = restoreBestWeights;
    this.#maximize = mode === 'max' || (mode === 'auto' && monitor.endsWith('accuracy'));
  }

  onTrainBegin(model: Sequential): void {
    const { best, bestEpoch, stoppedEpoch, wait = 0, weights, averages } = this.#earlier ?? {};
    this.#best = best ?? (this.#maximize ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
    this.#wait = wait;
    this.bestEpoch = bestEpoch;
    this.stoppedEpoch = stoppedEpoch;
    this.#earlier = undefined;
    if (weights && averages) {
      this.#weights = model.snapshot(this.#weights);
      const { gpu } = model.compiled;
      gpu.write(this.#weights.weights, weights);
      gpu.write(this.#weights.averages, averages);
    }
  }

  /** What a later callback of the same options can go on from. */
  async getState({ compiled: { gpu } }: Sequential): Promise<EarlyStoppingState> {
    const kept = this.#weights;
    return {
      best: Number.isFinite(this.#best) ? this.#best : undefined,
      bestEpoch: this.bestEpoch,
      stoppedEpoch: this.stoppedEpoch,
      wait: this.#wait,
      ...(kept ? { weights: await gpu.readFloats(kept.weights), averages: await gpu.readFloats(kept.averages) } : {}),
    };
  }

  /** Goes on from a state when training begins. */
  setState(state: EarlyStoppingState): void {
    this.#earlier = state;
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
