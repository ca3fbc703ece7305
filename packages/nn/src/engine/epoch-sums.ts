/** The sums of an epoch on the device: the loss's and those of the metrics, in one buffer that is read at once. */
import { type Gpu, SLICE_ALIGNMENT, type Storage } from '@anke/kernels';
import { Accuracy } from '../metrics/accuracy.js';
import { type Metric, share } from '../metrics/metric.js';

/** What samples came to: the loss with the penalties, and each metric by its name. */
export interface Evaluation {
  readonly loss: number;
  readonly [metric: string]: number;
}

/** What is summed up beside the loss. */
export interface Counted {
  readonly metrics: readonly Metric[];
  /** Numbers in one output of the model. */
  readonly outputs: number;
  /** Whether the samples carry labels: then right ones are counted with the loss. */
  readonly byLabels: boolean;
}

/** A metric with its sums, to which each step adds. */
export interface MetricSums {
  readonly metric: Metric;
  readonly sums: Storage;
}

const NOTHING: Counted = { metrics: [], outputs: 1, byLabels: false };

/** Floats between the beginnings of two metrics' sums. */
const align = (length: number): number => (Math.ceil((length * 4) / SLICE_ALIGNMENT) * SLICE_ALIGNMENT) / 4;

export class EpochSums {
  /** Σ loss · samples, correct samples (of labels), samples. */
  readonly totals: Storage;
  /** The metrics that have sums of their own. */
  readonly metrics: readonly MetricSums[];
  /** Both, one behind the other. */
  readonly all: Storage;

  constructor(
    readonly gpu: Gpu,
    private readonly counted: Counted = NOTHING,
  ) {
    const { metrics, outputs } = counted;
    const own = metrics.filter((metric) => !this.#isInTotals(metric));
    const lengths = own.map((metric) => metric.sums(outputs));
    const bytes = 4 * (align(3) + lengths.reduce((sum, length) => sum + align(length), 0));
    this.all = gpu.storage('totals', own.length > 0 ? bytes : 12);
    this.totals = this.all.slice('totals', 0, 12);
    let offset = 4 * align(3);
    this.metrics = own.map((metric, i) => {
      const sums = this.all.slice(`sums of ${metric.name}`, offset, 4 * (lengths[i] as number));
      offset += 4 * align(lengths[i] as number);
      return { metric, sums };
    });
  }

  reset(): void {
    this.gpu.write(this.all, new Float32Array(this.all.bytes / 4));
  }

  /** @param values what {@link EpochSums.all} held; the means over all samples since the last reset */
  means(values: Float32Array): Evaluation {
    const [loss = 0, correct = 0, samples = 1] = values;
    const byName = this.counted.metrics.map((metric): [string, number] => {
      const sums = this.metrics.find((one) => one.metric === metric)?.sums;
      if (!sums) return [metric.name, share(correct, samples)];
      return [metric.name, metric.value(values.subarray(sums.offset / 4, (sums.offset + sums.bytes) / 4))];
    });
    return { loss: loss / samples, ...Object.fromEntries(byName) };
  }

  destroy(): void {
    this.all.destroy();
  }

  /** The end of the forward pass counts right labels with the loss, at no further dispatch. */
  #isInTotals(metric: Metric): boolean {
    return this.counted.byLabels && metric instanceof Accuracy;
  }
}
