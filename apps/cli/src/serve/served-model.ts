/** A model on a device that may be lost: it is opened again then, and until that is done there is nothing to ask. */
import { setTimeout as wait } from 'node:timers/promises';
import { DeviceError } from '@anke/kernels';
import type { BatchPredictor, PredictorSource } from './batcher.js';
import { unavailable } from './request-error.js';

/** A model on a device, ready to predict. */
export interface OpenedModel {
  readonly predictors: readonly BatchPredictor[];
  /** Settles if the device is lost. */
  readonly lost: Promise<unknown>;
  destroy(): void;
}

const LONGEST_WAIT_SECONDS = 30;

export class ServedModel implements PredictorSource {
  #opened: OpenedModel | undefined;
  #predictors: readonly BatchPredictor[] = [];
  readonly #closing = new AbortController();

  private constructor(
    readonly open: () => Promise<OpenedModel>,
    readonly say: (line: string) => void,
  ) {}

  /**
   * @param open the model on a newly opened device
   * @param say is told when a device is lost, and when another one is open
   */
  static async open(open: () => Promise<OpenedModel>, say: (line: string) => void): Promise<ServedModel> {
    const model = new ServedModel(open, say);
    model.#use(await open());
    return model;
  }

  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  get predictors(): readonly BatchPredictor[] {
    if (!this.#opened) throw isLost();
    return this.#predictors;
  }

  close(): void {
    this.#closing.abort();
    this.#opened?.destroy();
    this.#opened = undefined;
  }

  #use(opened: OpenedModel): void {
    this.#opened = opened;
    this.#predictors = opened.predictors.map((predictor) => ({
      batch: predictor.batch,
      predict: async (pixels) => {
        try {
          return await predictor.predict(pixels);
        } catch (error) {
          if (!(error instanceof DeviceError)) throw error;
          this.#lose(opened, error.message);
          throw isLost();
        }
      },
    }));
    void opened.lost.then(() => this.#lose(opened, 'the device was lost'));
  }

  /** Goes over to another device, unless that is done or under way already. */
  #lose(opened: OpenedModel, why: string): void {
    if (this.#opened !== opened) return;
    this.#opened = undefined;
    opened.destroy();
    this.say(`The device is opened again (${why})`);
    void this.#openAgain();
  }

  async #openAgain(): Promise<void> {
    for (let seconds = 1; !this.#closing.signal.aborted; seconds = Math.min(2 * seconds, LONGEST_WAIT_SECONDS)) {
      try {
        const opened = await this.open();
        if (this.#closing.signal.aborted) return opened.destroy();
        this.#use(opened);
        this.say('The device is open again');
        return;
      } catch (error) {
        this.say(`The device cannot be opened, which is tried again in ${seconds} s: ${(error as Error).message}`);
        // Rejected when the server ends.
        await wait(1000 * seconds, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }
}

const isLost = (): Error => unavailable('the device was lost and is being opened again', 5);
