/**
 * Samples as steps go through them: the order of the rows, how far the steps have come, and the sums of the epoch.
 * Each pass over samples has its own, so that passes over one model do not disturb one another.
 */
import { type Augmentation, COUNTER, COUNTERS, type Gpu, type Storage } from '@anke/kernels';
import { type ClassWeight, weightsByClass } from './class-weight.js';
import type { DeviceData } from './device-data.js';
import { type Counted, EpochSums, type Evaluation } from './epoch-sums.js';
import type { StepData } from './step.js';

/** A step of a pass that met values which are not finite. */
export interface Fault {
  /** The step's number, which everything random in it depends on. */
  readonly step: number;
  /** Its index in the pass. */
  readonly index: number;
  /** Where only the optimizer found them: the length of the flat weights minus the index of the first. */
  readonly heldEnd?: number;
}

export interface BatchesOptions {
  readonly data: DeviceData;
  /** The seed of the model. */
  readonly seed: number;
  /** How the images are changed at random on their way into the model; not at all if absent. */
  readonly augmentation?: Augmentation | undefined;
  /** Factors of the classes in the loss; those of the samples, if absent. */
  readonly classWeight?: ClassWeight | undefined;
  /** The most rows of an epoch; as many as there are samples, if absent. */
  readonly rows?: number | undefined;
  /** What is summed up beside the loss; nothing, if absent. */
  readonly counted?: Counted | undefined;
}

export class Batches {
  /** What steps read: the samples in their order. */
  readonly source: StepData;
  /** The step's number, its index in the epoch, the seed, and notes of values that were not finite: see `COUNTER`. */
  readonly counters: Storage;
  readonly sums: EpochSums;
  readonly #weights: Storage | undefined;

  constructor(
    readonly gpu: Gpu,
    readonly options: BatchesOptions,
  ) {
    const { data, augmentation, classWeight, counted } = options;
    const { count, shape, pixels, floats, labels, targets, outputs, factor, offset } = data;
    const order = gpu.storage('order', Math.max(count, options.rows ?? 0) * 4, 'u32');
    this.#weights = classWeight && gpu.upload('class weights', weightsByClass(classWeight, data.samples));
    const weights = this.#weights ?? data.weights;
    const images = { count, shape, pixels, floats, factor, offset, augmentation };
    this.source = { ...images, labels, targets, outputs, weights, order };
    this.counters = gpu.storage('counters', COUNTERS * 4, 'u32');
    this.sums = new EpochSums(gpu, counted);
    this.setOrder(Uint32Array.from({ length: count }, (_, row) => row));
    this.start(0);
  }

  /** @param rows the samples' numbers in the order in which they are to be used */
  setOrder(rows: Uint32Array): void {
    this.gpu.write(this.source.order, rows);
  }

  /**
   * Goes back to the first batch.
   *
   * @param step the number of the step that comes next, which everything random in it depends on
   */
  start(step: number): void {
    const counters = new Uint32Array(COUNTERS);
    counters[COUNTER.step] = step;
    counters[COUNTER.seed] = this.options.seed;
    this.gpu.write(this.counters, counters);
    this.sums.reset();
  }

  /**
   * Goes back to a step that has met values which are not finite, to look into it: until the next start, steps count
   * nothing.
   */
  repeat({ step, index }: Fault): void {
    const counters = new Uint32Array(COUNTERS);
    counters[COUNTER.step] = step;
    counters[COUNTER.index] = index;
    counters[COUNTER.seed] = this.options.seed;
    counters[COUNTER.faults] = 1;
    this.gpu.write(this.counters, counters);
  }

  /** Σ loss · samples, correct samples (of labels), samples. */
  get totals(): Storage {
    return this.sums.totals;
  }

  /** What tells how a pass goes: the counters, and behind them the sums. */
  get watched(): readonly Storage[] {
    return [this.counters, this.sums.all];
  }

  /** @param words what {@link Batches.watched} held; the means over all samples until then */
  means(words: Uint32Array): Evaluation {
    return this.sums.means(new Float32Array(words.buffer, words.byteOffset + 4 * COUNTERS));
  }

  destroy(): void {
    for (const storage of [this.source.order, this.counters, this.sums, this.#weights]) storage?.destroy();
  }
}

/** What counters that were read say of values which are not finite. */
export function faultOf(counters: Uint32Array): Fault | undefined {
  const at = (counter: keyof typeof COUNTER): number => counters[COUNTER[counter]] as number;
  // The optimizer runs when its step is counted already.
  if (at('held') > 0) return { step: at('step') - 1, index: at('index') - 1, heldEnd: at('heldEnd') };
  return at('faults') > 0 ? { step: at('step'), index: at('index') } : undefined;
}
