/** Puts images of requests that arrive together into one batch. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Predictor } from '@anke/nn';

/** A batch may be larger than what waits, by this factor: predicting nothing costs less than a further batch. */
const MOST_PADDING = 1.5;
const GATHER_MILLISECONDS = 1;

interface Job {
  readonly pixels: Uint8Array;
  readonly resolve: (outputs: Float32Array) => void;
  readonly reject: (error: unknown) => void;
}

/** The queue is longer than it may be. */
export class BusyError extends Error {}

export class Batcher {
  readonly #queue: Job[] = [];
  /** Images of the largest batch. */
  readonly #most: number;
  #running = false;
  batches = 0;
  images = 0;

  /**
   * @param predictors for batches of different sizes, the smallest first; the last takes the most images
   * @param imageBytes of one image
   * @param mostWaiting images in the queue beyond which requests are refused
   */
  constructor(
    readonly predictors: readonly Predictor[],
    readonly imageBytes: number,
    readonly mostWaiting = 4096,
  ) {
    this.#most = predictors.at(-1)?.batch ?? 1;
  }

  /**
   * The outputs for some images, after those that wait already.
   *
   * @throws BusyError if too many wait
   */
  async predict(pixels: Uint8Array): Promise<Float32Array> {
    const images = pixels.length / this.imageBytes;
    if (this.#queue.length + images > this.mostWaiting) throw new BusyError('too many images wait already');
    const single = Array.from({ length: images }, (_, i) => {
      const image = pixels.subarray(i * this.imageBytes, (i + 1) * this.imageBytes);
      return new Promise<Float32Array>((resolve, reject) => this.#queue.push({ pixels: image, resolve, reject }));
    });
    if (!this.#running) void this.#run();
    const outputs = await Promise.all(single);
    const length = outputs[0]?.length ?? 0;
    const all = new Float32Array(images * length);
    outputs.forEach((output, i) => {
      all.set(output, i * length);
    });
    return all;
  }

  /** Takes what waits, as much as fits, until nothing does. While a batch runs, the next one gathers. */
  async #run(): Promise<void> {
    this.#running = true;
    let before = 1;
    while (this.#queue.length > 0) {
      // Clients that have just got their answers ask again in a moment: together, if they are waited for.
      if (before > 1 && this.#queue.length < this.#most) await wait(GATHER_MILLISECONDS);
      const waiting = this.#queue.length;
      const predictor =
        this.predictors.findLast(({ batch }) => batch <= MOST_PADDING * waiting) ?? (this.predictors[0] as Predictor);
      before = waiting;
      const jobs = this.#queue.splice(0, predictor.batch);
      const pixels = new Uint8Array(jobs.length * this.imageBytes);
      jobs.forEach((job, i) => {
        pixels.set(job.pixels, i * this.imageBytes);
      });
      try {
        const outputs = await predictor.predict(pixels);
        const length = outputs.length / jobs.length;
        jobs.forEach(({ resolve }, i) => {
          resolve(outputs.subarray(i * length, (i + 1) * length));
        });
        this.batches++;
        this.images += jobs.length;
      } catch (error) {
        for (const { reject } of jobs) reject(error);
      }
    }
    this.#running = false;
  }
}
