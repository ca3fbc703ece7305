/**
 * Puts images of requests that arrive together into one batch. A batch takes one image of each request in turn, so that
 * a request of thousands does not hold up one of a single image.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Predictor } from '@anke/nn';
import { RequestError, unavailable } from './request-error.js';

/** A batch may be larger than what waits, by this factor: predicting nothing costs less than a further batch. */
const MOST_PADDING = 1.5;
const GATHER_MILLISECONDS = 1;
/** The most images that wait, of all requests together. */
const MOST_WAITING = 2 ** 14;

export type BatchPredictor = Pick<Predictor, 'batch' | 'predict'>;

/** What predicts; asked anew for each batch, as the device may be another by then. */
export interface PredictorSource {
  /**
   * For batches of different sizes, the smallest first; the last takes the most images.
   *
   * @throws RequestError if there are none at present
   */
  readonly predictors: readonly BatchPredictor[];
}

/** A request's images, of which some may have been predicted. */
interface Job {
  readonly pixels: Uint8Array;
  readonly images: number;
  /** Whether nobody waits for it any more. */
  readonly isGone: () => boolean;
  readonly outputs: Float32Array[];
  /** Images that have been put into a batch. */
  taken: number;
  readonly resolve: (outputs: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/** An image that is in a batch. */
interface Row {
  readonly job: Job;
  readonly image: number;
}

export class Batcher {
  /** Requests with images that are in no batch yet, the next one first. */
  #queue: Job[] = [];
  /** What is being predicted. */
  #batch: readonly Row[] = [];
  #running = false;
  batches = 0;
  images = 0;

  /** @param imageBytes of one image */
  constructor(
    readonly source: PredictorSource,
    readonly imageBytes: number,
  ) {}

  /**
   * The outputs for some images.
   *
   * @param isGone whether nobody waits for them any more: then they need not be predicted
   * @throws RequestError if too many wait
   */
  async predict(pixels: Uint8Array, isGone = (): boolean => false): Promise<Float32Array> {
    const images = pixels.length / this.imageBytes;
    // Requests of many images leave half of the room to the others.
    const most = images > (this.source.predictors.at(-1)?.batch ?? 0) ? MOST_WAITING / 2 : MOST_WAITING;
    if (this.waiting + images > most) throw unavailable('too many images wait already');
    const outputs = new Promise<Float32Array>((resolve, reject) => {
      this.#queue.push({ pixels, images, isGone, outputs: [], taken: 0, resolve, reject });
    });
    if (!this.#running) void this.#run();
    return await outputs;
  }

  /** Lets all that is not answered yet fail. */
  close(error: unknown): void {
    for (const { job } of this.#batch) job.reject(error);
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  /** Images that are in no batch yet. */
  get waiting(): number {
    return this.#queue.reduce((sum, { images, taken }) => sum + images - taken, 0);
  }

  /** Takes what waits, as much as fits, until nothing does. While a batch runs, the next one gathers. */
  async #run(): Promise<void> {
    this.#running = true;
    let before = 1;
    while (this.#queue.length > 0) {
      this.#batch = [];
      try {
        const { predictors } = this.source;
        // Clients that have just got their answers ask again in a moment: together, if they are waited for.
        if (before > 1 && this.waiting < (predictors.at(-1)?.batch ?? 0)) await wait(GATHER_MILLISECONDS);
        before = this.waiting;
        const predictor =
          predictors.findLast(({ batch }) => batch <= MOST_PADDING * before) ?? (predictors[0] as BatchPredictor);
        this.#batch = this.#take(predictor.batch);
        if (this.#batch.length > 0) this.#give(this.#batch, await predictor.predict(this.#pixelsOf(this.#batch)));
      } catch (error) {
        // A request fails as a whole; where there is nothing to predict with, all do.
        const failed = new Set(this.#batch.length > 0 ? this.#batch.map(({ job }) => job) : this.#queue);
        for (const { reject } of failed) reject(error);
        this.#queue = this.#queue.filter((job) => !failed.has(job));
      }
    }
    this.#running = false;
  }

  /** The next batch, of the requests in turn. */
  #take(most: number): readonly Row[] {
    const rows: Row[] = [];
    while (rows.length < most) {
      const job = this.#queue.shift();
      if (!job) break;
      if (job.isGone()) {
        job.reject(new RequestError(400, 'the request broke off'));
        continue;
      }
      rows.push({ job, image: job.taken++ });
      if (job.taken < job.images) this.#queue.push(job);
    }
    return rows;
  }

  #pixelsOf(rows: readonly Row[]): Uint8Array {
    const { imageBytes } = this;
    const pixels = new Uint8Array(rows.length * imageBytes);
    rows.forEach(({ job, image }, i) => {
      pixels.set(job.pixels.subarray(image * imageBytes, (image + 1) * imageBytes), i * imageBytes);
    });
    return pixels;
  }

  #give(rows: readonly Row[], outputs: Float32Array): void {
    this.batches++;
    this.images += rows.length;
    const length = outputs.length / rows.length;
    rows.forEach(({ job }, i) => {
      // Batches run one after the other, so that a request's outputs come in the order of its images.
      job.outputs.push(outputs.subarray(i * length, (i + 1) * length));
      if (job.outputs.length === job.images) job.resolve(joined(job.outputs));
    });
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const length = parts[0]?.length ?? 0;
  const whole = new Float32Array(parts.length * length);
  parts.forEach((part, i) => {
    whole.set(part, i * length);
  });
  return whole;
}
