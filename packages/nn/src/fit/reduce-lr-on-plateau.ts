/** A learning rate that falls when a quantity no longer improves. */
import { ModelError } from '../errors.js';
import { type Callback, type CallbackState, isMaximized, type Logs, type TrainingControl } from './callback.js';

export interface ReduceLROnPlateauOptions {
  /** A name from the logs. */
  readonly monitor?: string;
  /** The rate is multiplied by this. */
  readonly factor?: number;
  /** Epochs without an improvement after which that happens. */
  readonly patience?: number;
  readonly mode?: 'auto' | 'min' | 'max';
  /** Changes of at most this are no improvement. */
  readonly minDelta?: number;
  /** Epochs after a reduction in which nothing counts. */
  readonly cooldown?: number;
  readonly minLearningRate?: number;
}

interface Memory {
  /** The best value so far; undefined before the first. */
  readonly best?: number | undefined;
  readonly wait?: number;
  readonly cooling?: number;
}

/** Lowers the rate when a quantity no longer improves, as Keras defines it. */
export class ReduceLROnPlateau implements Callback {
  readonly #options: Required<ReduceLROnPlateauOptions>;
  #maximize = false;
  #best = 0;
  #wait = 0;
  #cooling = 0;
  /** What the next training begins with. */
  #earlier: Memory = {};

  /** @throws ModelError if the factor is not below 1 */
  constructor(options: ReduceLROnPlateauOptions = {}) {
    this.#options = {
      monitor: 'val_loss',
      factor: 0.1,
      patience: 10,
      mode: 'auto',
      minDelta: 1e-4,
      cooldown: 0,
      minLearningRate: 0,
      ...options,
    };
    const { factor } = this.#options;
    if (!(factor > 0 && factor < 1)) throw new ModelError(`the factor must lie between 0 and 1, not ${factor}`);
  }

  /** @throws ModelError if the training has no such quantity, or it cannot be told whether it is to grow */
  onTrainBegin(control: TrainingControl): void {
    const { mode, monitor } = this.#options;
    this.#maximize = isMaximized({ callback: 'ReduceLROnPlateau', monitor, mode }, control);
    // A rate that cannot be set is refused before the first epoch, not where it first stays on a plateau.
    const { learningRate } = control;
    control.learningRate = learningRate;
    const { best, wait = 0, cooling = 0 } = this.#earlier;
    this.#best = best ?? (this.#maximize ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
    this.#wait = wait;
    this.#cooling = cooling;
    this.#earlier = {};
  }

  getState(): CallbackState {
    const best = Number.isFinite(this.#best) ? this.#best : undefined;
    return { values: { best, wait: this.#wait, cooling: this.#cooling } satisfies Memory };
  }

  setState({ values }: CallbackState): void {
    this.#earlier = values as Memory;
  }

  onEpochEnd(_: number, logs: Logs, control: TrainingControl): void {
    const { monitor, factor, patience, minDelta, cooldown, minLearningRate } = this.#options;
    const current = logs[monitor];
    if (current === undefined) return; // of an epoch that is not validated
    if (this.#cooling > 0) {
      this.#cooling--;
      this.#wait = 0;
    }
    const gain = this.#maximize ? current - this.#best : this.#best - current;
    if (gain > minDelta) {
      this.#best = current;
      this.#wait = 0;
    } else if (this.#cooling === 0 && ++this.#wait >= patience && control.learningRate > minLearningRate) {
      control.learningRate = Math.max(control.learningRate * factor, minLearningRate);
      this.#cooling = cooldown;
      this.#wait = 0;
    }
  }
}
