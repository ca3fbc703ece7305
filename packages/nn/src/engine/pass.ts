/** A pass over samples: one step, recorded for full batches and again for a smaller last one. */
import { type Executor, type Gpu, Readback, Recorder, type Recording } from '@anke/kernels';
import { ModelError } from '../errors.js';
import { Batches, type BatchesOptions } from './batches.js';
import { type Stretch, stretchesOf } from './epoch-plan.js';
import { withFittingBatch } from './fitting.js';
import type { StepBatch } from './step.js';

export interface PassOptions extends Omit<BatchesOptions, 'rows'> {
  readonly batchSize: number;
  /** Steps of an epoch, if they are not just those that go once over the samples. */
  readonly stepsPerEpoch?: number | undefined;
}

/** A pass as it is asked of a session, which knows the rest. */
export type AskedPass = Omit<PassOptions, 'seed' | 'counted'>;

/** Samples in a batch where there is no backward pass and the caller gives no size. */
export const EVEN_BATCH = 256;

/**
 * At most {@link EVEN_BATCH}, and such that no smaller last batch is left, whose step would have to be compiled too.
 */
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
  /** Samples of the last batch, if it is smaller; else 0. */
  readonly restSize: number;
  /** The steps of an epoch: those that go once over the samples, unless {@link Pass.begin} has said otherwise. */
  stretches: readonly Stretch[];
  readonly batches: Batches;
  /** Bring counters and sums back behind each submit, in turns: there are never more than two under way. */
  readonly readbacks: readonly [Readback, Readback];
  readonly #recorders: readonly Recorder[];
  readonly #recordings: Recording[] = [];
  #preparing: Promise<void> | undefined;
  #destroyed = false;
  /** Whether it is in use. */
  busy = false;
  /** Whether it is compiled and can be run. */
  prepared = false;

  /** @param record sends the operations of one step */
  constructor(
    readonly gpu: Gpu,
    readonly options: PassOptions,
    private readonly record: (executor: Executor, batches: Batches, batch: StepBatch) => void,
  ) {
    const { data, batchSize, stepsPerEpoch = 0 } = options;
    this.restSize = data.count % batchSize;
    this.stretches = stretchesOf(data.count, batchSize);
    this.batches = new Batches(gpu, { ...options, rows: stepsPerEpoch * batchSize });
    const { counters, watched } = this.batches;
    this.readbacks = [new Readback(gpu, watched), new Readback(gpu, watched)];
    this.#recorders = this.stretches.map(({ size }) => {
      const recorder = new Recorder(gpu, { clamped: counters });
      record(recorder, this.batches, { size, stride: batchSize });
      return recorder;
    });
  }

  /** Whether it does what is asked for, so that no other one need be made. */
  isFor(asked: AskedPass): boolean {
    const { options } = this;
    const isSame = (['data', 'batchSize', 'augmentation', 'stepsPerEpoch'] as const).every(
      (name) => options[name] === asked[name],
    );
    return isSame && JSON.stringify(options.classWeight) === JSON.stringify(asked.classWeight);
  }

  /** Work that is left before it can run: for each dispatch a variant is chosen, then compiled. */
  get unprepared(): number {
    return this.#preparing ? 0 : 2 * this.#recorders.reduce((sum, { program }) => sum + program.length, 0);
  }

  /**
   * Chooses the kernels' variants and compiles them, if that has not been done before.
   *
   * @param onDone is called {@link Pass.unprepared} times
   * @throws DeviceMemoryError that names what is too large, and the batch that fits
   */
  prepare(onDone: () => void = () => undefined): Promise<void> {
    this.#preparing ??= this.#compile(onDone).catch((error: unknown) => {
      const { gpu, options, batches, record } = this;
      throw withFittingBatch(error, {
        gpu,
        batch: options.batchSize,
        record: (executor, size) => record(executor, batches, { size, stride: size }),
      });
    });
    return this.#preparing;
  }

  async #compile(onDone: () => void): Promise<void> {
    for (const recorder of this.#recorders) await recorder.tune(onDone);
    const results = await Promise.allSettled(this.#recorders.map((recorder) => recorder.finish(onDone)));
    for (const result of results) if (result.status === 'fulfilled') this.#recordings.push(result.value);
    if (this.#destroyed) this.#freeRecordings();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.prepared = true;
  }

  /** Says which rows an epoch takes, and by which steps. */
  begin({ rows, stretches }: { readonly rows: Uint32Array; readonly stretches: readonly Stretch[] }): void {
    this.batches.setOrder(rows);
    this.stretches = stretches;
  }

  /** Steps of an epoch. */
  get steps(): number {
    return this.stretches.reduce((sum, { steps }) => sum + steps, 0);
  }

  /** Samples of an epoch. */
  get samples(): number {
    return this.stretches.reduce((sum, { steps, size }) => sum + steps * size, 0);
  }

  /** Samples of an epoch's step. */
  sizeOf(step: number): number {
    let left = step;
    for (const { steps, size } of this.stretches) {
      if (left < steps) return size;
      left -= steps;
    }
    return this.options.batchSize;
  }

  /** Device memory of what is kept within a step, by all its recordings. */
  get activationBytes(): number {
    return this.#recordings.reduce((sum, { memory }) => sum + memory.planned, 0);
  }

  /** The recording of batches of this size. */
  recordingOf(size: number): Recording {
    return this.#recordings[size === this.options.batchSize ? 0 : this.#recordings.length - 1] as Recording;
  }

  /** The recording of a full batch, where there is one. */
  get full(): Recording | undefined {
    return this.options.data.count >= this.options.batchSize ? this.#recordings[0] : undefined;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#freeRecordings();
    this.batches.destroy();
    for (const readback of this.readbacks) readback.destroy();
  }

  #freeRecordings(): void {
    for (const recording of this.#recordings) recording.destroy();
  }
}
