/** Keras's ModelCheckpoint, over a store: the weights after an epoch, as safetensors. */
import {
  type Callback,
  type CallbackState,
  encodeWeights,
  isMaximized,
  type Logs,
  type TrainingControl,
} from '@anke/nn';
import { RecipeError } from '../errors.js';
import type { Store } from '../store.js';

export interface ModelCheckpointOptions {
  /**
   * The file's name in the store, with Python's fields as Keras has them: `{epoch:02d}` counts from 1, `{val_loss:.4f}`
   * is from the logs, `{phase}`.
   */
  readonly filepath: string;
  readonly phase?: string;
  readonly monitor?: string;
  readonly mode?: 'auto' | 'min' | 'max';
  /** Whether an epoch that is no better than all before it is left out. */
  readonly saveBestOnly?: boolean;
}

/** Writes the weights after an epoch, as safetensors. */
export class ModelCheckpoint implements Callback {
  readonly #options: Required<ModelCheckpointOptions>;
  #maximize = false;
  #best: number | undefined;

  constructor(
    readonly store: Store,
    options: ModelCheckpointOptions,
  ) {
    this.#options = { phase: '', monitor: 'val_loss', mode: 'auto', saveBestOnly: false, ...options };
  }

  /** @throws ModelError if the training has no such quantity, or it cannot be told whether it is to grow */
  onTrainBegin(control: TrainingControl): void {
    const { monitor, mode, saveBestOnly } = this.#options;
    if (saveBestOnly) this.#maximize = isMaximized({ callback: 'ModelCheckpoint', monitor, mode }, control);
  }

  async onEpochEnd(epoch: number, logs: Logs, control: TrainingControl): Promise<void> {
    const { filepath, phase, monitor, saveBestOnly } = this.#options;
    if (saveBestOnly) {
      const current = logs[monitor];
      if (current === undefined) return; // of an epoch that is not validated
      const better = this.#best === undefined || (this.#maximize ? current > this.#best : current < this.#best);
      if (!better) return;
      this.#best = current;
    }
    const name = fill(filepath, { ...logs, epoch: epoch + 1, phase });
    await this.store.write(name, encodeWeights(await control.getWeights()));
  }

  getState(): CallbackState {
    return { values: { best: this.#best } };
  }

  setState({ values }: CallbackState): void {
    this.#best = (values as { best?: number }).best;
  }
}

/**
 * Python's fields `{name}`, `{name:02d}` and `{name:.4f}`.
 *
 * @throws RecipeError if a name or a format is not known
 */
export function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replaceAll(/\{([^{}]*)\}/g, (field, inner: string) => {
    const [name = '', format = ''] = inner.split(':');
    const value = values[name];
    if (value === undefined)
      throw new RecipeError(`${template}: ${field} is not known; known are ${Object.keys(values).join(', ')}`);
    if (format === '') return String(value);
    const padded = /^(0?)(\d*)d$/.exec(format);
    if (padded) return String(Math.trunc(Number(value))).padStart(Number(padded[2] || 0), padded[1] ? '0' : ' ');
    const fixed = /^\.(\d+)f$/.exec(format);
    if (fixed) return Number(value).toFixed(Number(fixed[1]));
    throw new RecipeError(`${template}: ${field} has a format that is not known; known are :02d and :.4f`);
  });
}
