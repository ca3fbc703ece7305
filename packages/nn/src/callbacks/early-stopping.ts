import { ModelError } from '../errors.js';
import type { Sequential, WeightSnapshot } from '../model/sequential.js';
import { type Callback, type CallbackState, isMaximized, type Logs, watched } from './callback.js';

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

interface Memory {
  /** The best value so far; undefined before the first. */
  readonly best?: number | undefined;
  readonly bestEpoch?: number | undefined;
  readonly stoppedEpoch?: number | undefined;
  readonly wait?: number;
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
  #earlier: CallbackState | undefined;

  constructor(options: EarlyStoppingOptions = {}) {
    const { monitor = 'val_loss', minDelta = 0, patience = 0, mode = 'auto', restoreBestWeights = false } = options;
    if (!(patience >= 0)) throw new ModelError(`patience must be at least 0, not ${patience}`);
    this.monitor = monitor;
    this.#minDelta = Math.abs(minDelta);
    this.#patience = patience;
    this.#restore = restoreBestWeights;
    this.#maximize = isMaximized(mode, monitor);
  }

  onTrainBegin(model: Sequential): void {
    const { best, bestEpoch, stoppedEpoch, wait = 0 } = (this.#earlier?.values ?? {}) as Memory;
    const { weights, averages } = this.#earlier?.tensors ?? {};
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

  /** The best weights and moving averages are part of it, if they are to be restored. */
  async getState({ compiled: { gpu } }: Sequential): Promise<CallbackState> {
    const kept = this.#weights;
    const values: Memory = {
      best: Number.isFinite(this.#best) ? this.#best : undefined,
      bestEpoch: this.bestEpoch,
      stoppedEpoch: this.stoppedEpoch,
      wait: this.#wait,
    };
    if (!kept) return { values };
    const tensors = { weights: await gpu.readFloats(kept.weights), averages: await gpu.readFloats(kept.averages) };
    return { values, tensors };
  }

  setState(state: CallbackState): void {
    this.#earlier = state;
  }

  onEpochEnd(epoch: number, logs: Logs, model: Sequential): void {
    const current = watched('EarlyStopping', this.monitor, logs);
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
