/** Keras's CSVLogger, over a store: a row an epoch, and the whole file written anew with each. */
import type { Callback, CallbackState, Logs } from '@anke/nn';
import { type Store, writeText } from '../store.js';

export interface CSVLoggerOptions {
  /** The file's name in the store. */
  readonly filename: string;
  readonly separator?: string;
}

/**
 * Writes an epoch's logs as a row: the epoch counted from 0, the columns in the order of their names, as Keras does.
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

  async onEpochEnd(epoch: number, logs: Logs): Promise<void> {
    const names = Object.keys(logs).sort();
    if (this.#rows.length === 0) this.#rows.push(['epoch', ...names]);
    this.#rows.push([epoch, ...names.map((name) => logs[name] as number)]);
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
