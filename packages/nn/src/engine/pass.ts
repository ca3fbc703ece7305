/**
 * A pass over samples: one step, recorded for full batches and again for a smaller last one, with the counters, the order of
 * rows and the sums that belong to this pass alone. So passes of one model do not disturb one another.
 */
import { type Augmentation, type Executor, type Gpu, Recorder, type Recording, type Storage } from '@anke/kernels';
import { ModelError } from '../errors.js';
import type { DeviceData } from './device-data.js';
import { newCounters } from './memory.js';
import type { StepBatch, StepData } from './step.js';

export interface PassOptions {
  readonly data: DeviceData;
  readonly batchSize: number;
  readonly seed: number;
  /** How the images are changed at random on their way into the model; not at all if absent. */
  readonly augmentation?: Augmentation | undefined;
}

/** What the step of a pass works on. */
export interface PassStep {
  readonly data: StepData;
  readonly batch: StepBatch;
  readonly counters: Storage;
  /** Sums of the epoch: Σ loss · samples, correct samples, samples. */
  readonly totals: Storage;
}

/** Batches of about this size, where nothing is kept for a backward pass and the caller does not care. */
export const EVEN_BATCH = 256;

/** At most {@link EVEN_BATCH}, and such that no smaller last batch is left, whose step would have to be compiled too. */
export function evenBatch(count: number): number {
  if (count <= EVEN_BATCH) return count;
  for (let size = EVEN_BATCH; size >= EVEN_BATCH / 2; size--) if (count % size === 0) return size;
  return EVEN_BATCH;
}

/** @throws ModelError if it is not a positive integer */
export function checkBatchSize(batchSize = 1): void {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new ModelError(`the batch size must be a positive integer, not ${batchSize}`);
}

export class Pass {
  /** Full batches. */
  readonly steps: number;
  /** Samples of the last batch, if it is smaller; else 0. */
  readonly restSize: number;
  readonly #seed: number;
  readonly #counters: Storage;
  readonly #totals: Storage;
  readonly #order: Storage;
  readonly #recorders: readonly Recorder[];
  readonly #recordings: Recording[] = [];
  #preparing: Promise<void> | undefined;
  /** Whether it is given out to somebody. */
  busy = false;
  /** Whether it can be run. */
  prepared = false;

  /** @param record sends the operations of one step */
  constructor(
    readonly gpu: Gpu,
    readonly options: PassOptions,
    record: (executor: Executor, step: PassStep) => void,
  ) {
    const { data, batchSize, seed, augmentation } = options;
    const { count } = data;
    this.#seed = seed;
    this.steps = Math.floor(count / batchSize);
    this.restSize = count % batchSize;
    this.#counters = newCounters(gpu, seed);
    this.#totals = gpu.storage('totals', 12);
    this.#order = gpu.storage('order', count * 4, 'u32');
    this.setOrder(Uint32Array.from({ length: count }, (_, row) => row));
    const [order, counters, totals] = [this.#order, this.#counters, this.#totals];
    const { shape, pixels, labels, factor, offset } = data;
    const source: StepData = { count, shape, pixels, labels, factor, offset, order, augmentation };
    this.#recorders = [this.steps > 0 ? batchSize : 0, this.restSize]
      .filter((size) => size > 0)
      .map((size) => {
        const recorder = new Recorder(gpu);
        record(recorder, { data: source, batch: { size, stride: batchSize }, counters, totals });
        return recorder;
      });
  }

  /** What is still to be done before it can run: each dispatch is chosen a variant for, then compiled. */
  get unprepared(): number {
    return this.#preparing ? 0 : 2 * this.#recorders.reduce((sum, { program }) => sum + program.length, 0);
  }

  /**
   * Chooses the kernels' variants and compiles them, if that has not been done before.
   *
   * @param onDone is called {@link Pass.unprepared} times
   */
  prepare(onDone: () => void = () => undefined): Promise<void> {
    this.#preparing ??= this.#compile(onDone);
    return this.#preparing;
  }

  async #compile(onDone: () => void): Promise<void> {
    for (const recorder of this.#recorders) await recorder.tune(onDone);
    const results = await Promise.allSettled(this.#recorders.map((recorder) => recorder.finish(onDone)));
    for (const result of results) if (result.status === 'fulfilled') this.#recordings.push(result.value);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.prepared = true;
  }

  /** The recording of a full batch. */
  get full(): Recording | undefined {
    return this.steps > 0 ? this.#recordings[0] : undefined;
  }

  /** The recording of a smaller last batch. */
  get rest(): Recording | undefined {
    return this.restSize > 0 ? this.#recordings.at(-1) : undefined;
  }

  /** @param rows the samples' numbers in the order in which they are to be used */
  setOrder(rows: Uint32Array): void {
    this.gpu.write(this.#order, rows);
  }

  /**
   * Goes back to the first batch.
   *
   * @param step the number of the step that comes next, which everything random in it depends on
   */
  start(step: number): void {
    this.gpu.write(this.#counters, Uint32Array.of(step, 0, this.#seed));
    this.gpu.write(this.#totals, new Float32Array(3));
  }

  /** Σ loss · samples, correct samples, samples, since it was started. */
  async totals(): Promise<readonly [loss: number, correct: number, samples: number]> {
    const [loss = 0, correct = 0, samples = 1] = await this.gpu.readFloats(this.#totals);
    return [loss, correct, samples];
  }

  destroy(): void {
    for (const recording of this.#recordings) recording.destroy();
    for (const storage of [this.#counters, this.#totals, this.#order]) storage.destroy();
  }
}
