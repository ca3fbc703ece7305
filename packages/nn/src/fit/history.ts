/** What a training leaves behind beside the weights: the logs of every epoch. */
import type { Logs } from './callback.js';

export class History {
  readonly epochs: Logs[] = [];

  /** One quantity over the epochs; NaN where an epoch has none. */
  series(name: string): number[] {
    return this.epochs.map((logs) => logs[name] ?? Number.NaN);
  }
}
