/** A learning rate that follows a schedule. */
import type { Callback, TrainingControl } from './callback.js';

export interface LearningRateSchedulerOptions {
  /**
   * The rate of an epoch.
   *
   * @param epoch counted from 0
   * @param rate the rate until then
   */
  readonly schedule: (epoch: number, rate: number) => number;
}

/** Sets the learning rate before each epoch. */
export class LearningRateScheduler implements Callback {
  readonly #schedule: LearningRateSchedulerOptions['schedule'];

  constructor({ schedule }: LearningRateSchedulerOptions) {
    this.#schedule = schedule;
  }

  onEpochBegin(epoch: number, control: TrainingControl): void {
    control.learningRate = this.#schedule(epoch, control.learningRate);
  }
}
