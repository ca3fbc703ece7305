/** Keras's CSVLogger, over a store: a row an epoch, and the whole file written anew with each. */
import type { Callback, CallbackState, Logs, TrainingControl } from '@anke/nn';
import { type Store, writeText } from '../store.js';

export interface CSVLoggerOptions {
  /** The file's name in the store. */
  readonly filename: string;
  readonly separator?: string;
}

/**
 * Writes an epoch's logs as a row, as Keras does: the epoch counted from 0, the columns in the order of their names, NA
 * for what an epoch has not, such as the validation's where it is not validated.
 */
export class CSVLogger implements Callback {
  readonly #filename: string;
  readonly #separator: string;
  #rows: (readonly (string | number)[])[] = [];
  #resumed = false;

  constructor(
    readonly store: Store,
    { filename, separator = ',' }: CSVLoggerOptions,
  ) {
    this.#filename = filename;
    this.#separator = separator;
  }

  onTrainBegin(): void {
    if (!this.#resumed) this.#rows = [];
    this.#resumed = false;
  }

  async onEpochEnd(epoch: number, logs: Logs, { quantities }: TrainingControl): Promise<void> {
    const names = Object.keys(quantities).sort();
    if (this.#rows.length === 0) this.#rows.push(['epoch', ...names]);
    this.#rows.push([epoch, ...names.map((name) => logs[name] ?? 'NA')]);
    const lines = this.#rows.map((row) => `${row.join(this.#separator)}\n`);
    await writeText(this.store, this.#filename, lines.join(''));
  }

  getState(): CallbackState {
    return { values: this.#rows };
  }

  setState({ values }: CallbackState): void {
    this.#rows = values as (readonly (string | number)[])[];
    this.#resumed = true;
  }
}
