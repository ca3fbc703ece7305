/** An end to a training whose loss is no number. */
import type { Callback, Logs, TrainingControl } from './callback.js';

/** Ends training after an epoch whose loss is not a number, or infinite. */
export class TerminateOnNaN implements Callback {
  /** Whether it has done so. */
  terminated = false;

  onEpochEnd(_: number, logs: Logs, control: TrainingControl): void {
    if (Number.isFinite(logs['loss'])) return;
    this.terminated = true;
    control.stopTraining = true;
  }
}
