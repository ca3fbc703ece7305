/** An end to a training that no longer improves. */
import type { WeightSnapshot } from '../engine/weights.js';
import { ModelError } from '../errors.js';
import { type Callback, type CallbackState, isMaximized, type Logs, type TrainingControl } from './callback.js';

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
  readonly #mode: 'auto' | 'min' | 'max';
  #maximize = false;
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
    this.#mode = mode;
  }

  /** @throws ModelError if the training has no such quantity, or it cannot be told whether it is to grow */
  onTrainBegin(control: TrainingControl): void {
    this.#maximize = isMaximized({ callback: 'EarlyStopping', monitor: this.monitor, mode: this.#mode }, control);
    const { best, bestEpoch, stoppedEpoch, wait = 0 } = (this.#earlier?.values ?? {}) as Memory;
    const { tensors = {} } = this.#earlier ?? {};
    this.#best = best ?? (this.#maximize ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
    this.#wait = wait;
    this.bestEpoch = bestEpoch;
    this.stoppedEpoch = stoppedEpoch;
    this.#earlier = undefined;
    if (Object.keys(tensors).length > 0) {
      this.#weights = control.snapshot();
      this.#weights.write(tensors);
    }
  }

  /** The best weights and moving averages are part of it, if they are to be restored. */
  async getState(): Promise<CallbackState> {
    const values: Memory = {
      best: Number.isFinite(this.#best) ? this.#best : undefined,
      bestEpoch: this.bestEpoch,
      stoppedEpoch: this.stoppedEpoch,
      wait: this.#wait,
    };
    return this.#weights ? { values, tensors: await this.#weights.read() } : { values };
  }

  setState(state: CallbackState): void {
    this.#earlier = state;
  }

  onEpochEnd(epoch: number, logs: Logs, control: TrainingControl): void {
    this.stoppedEpoch = undefined; // a training that had stopped goes on where more epochs are asked for
    const current = logs[this.monitor];
    if (current === undefined) return; // of an epoch that is not validated
    // Without a best value yet, the current weights are the best, even if the value is not a number.
    if (this.bestEpoch === undefined) this.#remember(epoch, control);
    this.#wait++;
    const gain = this.#maximize ? current - this.#best : this.#best - current;
    if (gain > this.#minDelta) {
      this.#best = current;
      this.#remember(epoch, control);
      this.#wait = 0;
    } else if (this.#wait >= this.#patience && epoch > 0) {
      this.stoppedEpoch = epoch;
      control.stopTraining = true;
    }
  }

  onTrainEnd(): void {
    this.#weights?.restore();
    this.#weights?.destroy();
    this.#weights = undefined;
  }

  #remember(epoch: number, control: TrainingControl): void {
    this.bestEpoch = epoch;
    if (!this.#restore) return;
    if (this.#weights) this.#weights.take();
    else this.#weights = control.snapshot();
  }
}
