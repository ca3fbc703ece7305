import { dirname } from 'node:path';
import type { Callback, CallbackState, Logs } from '@anke/nn';
import { makeFolder, writeWhole } from '../files.js';

export interface CSVLoggerOptions {
  readonly filename: string;
  readonly separator?: string;
}

/** Writes an epoch's logs as a row, with the epoch counted from 0 and the columns in the order of their names, as Keras does. */
export class CSVLogger implements Callback {
  readonly #filename: string;
  readonly #separator: string;
  #rows: (readonly (string | number)[])[] = [];
  #resumed = false;

  constructor({ filename, separator = ',' }: CSVLoggerOptions) {
    this.#filename = filename;
    this.#separator = separator;
  }

  onTrainBegin(): void {
    if (!this.#resumed) this.#rows = [];
    this.#resumed = false;
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    const names = Object.keys(logs).sort();
    if (this.#rows.length === 0) this.#rows.push(['epoch', ...names]);
    this.#rows.push([epoch, ...names.map((name) => logs[name] as number)]);
    makeFolder(dirname(this.#filename));
    writeWhole(this.#filename, this.#rows.map((row) => `${row.join(this.#separator)}\n`).join(''));
  }

  getState(): CallbackState {
    return { values: this.#rows };
  }

  setState({ values }: CallbackState): void {
    this.#rows = values as (readonly (string | number)[])[];
    this.#resumed = true;
  }
}
