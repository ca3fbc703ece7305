import type { Augmentation, Gpu, Storage } from '@anke/kernels';
import { type Shape, sizeOf } from '../autograd/tensor.js';
import { ModelError, ShapeError } from '../errors.js';

/** Images as bytes, row after row, with their labels: what models are trained on and predict. */
export interface Samples {
  readonly pixels: Uint8Array;
  /** Classes 0 … n-1; needed for training and evaluation. */
  readonly labels?: ArrayLike<number>;
  /** Shape of one sample: (height, width, channels). */
  readonly shape: Shape;
  /** Each byte is multiplied by this on its way into the model. */
  readonly rescale?: number;
}

export const countOf = ({ pixels, shape }: Samples): number => pixels.length / sizeOf(shape);

/** @throws ShapeError or ModelError if the samples are not what the model takes */
export function checkSamples(samples: Samples, input: Shape, classes: number | undefined): number {
  if (sizeOf(samples.shape) !== sizeOf(input) || samples.shape.some((side, i) => side !== input[i])) {
    throw new ShapeError(
      `the samples have shape (${samples.shape.join(', ')}), but the model takes (${input.join(', ')})`,
    );
  }
  const count = countOf(samples);
  if (count === 0 || !Number.isInteger(count)) {
    throw new ShapeError(
      `${samples.pixels.length} bytes are no whole number of samples of ${sizeOf(samples.shape)} bytes`,
    );
  }
  if (classes !== undefined) {
    const { labels } = samples;
    if (!labels) throw new ModelError('the samples have no labels, and without them there is no loss');
    if (labels.length !== count) throw new ModelError(`there are ${count} samples, but ${labels.length} labels`);
    for (let i = 0; i < count; i++) {
      const label = labels[i] as number;
      if (!Number.isInteger(label) || label < 0 || label >= classes) {
        throw new ModelError(
          `sample ${i} has label ${label}, but the model has ${classes} classes (0 … ${classes - 1})`,
        );
      }
    }
  }
  return count;
}

/** Samples on the device: uploaded once, gathered batch by batch through `order`. */
export class DeviceData {
  readonly count: number;
  readonly shape: Shape;
  readonly rescale: number;
  readonly pixels: Storage;
  readonly labels: Storage;
  /** Row numbers in the order in which they are used. */
  readonly order: Storage;

  constructor(
    readonly gpu: Gpu,
    label: string,
    samples: Samples,
    /** Batches are changed at random on their way out. */
    readonly augmentation?: Augmentation,
  ) {
    this.count = countOf(samples);
    this.shape = samples.shape;
    this.rescale = samples.rescale ?? 1;
    this.pixels = gpu.upload(`${label} pixels`, samples.pixels);
    this.labels = gpu.upload(`${label} labels`, Uint32Array.from(samples.labels ?? new Uint32Array(this.count)));
    this.order = gpu.upload(
      `${label} order`,
      Uint32Array.from({ length: this.count }, (_, i) => i),
    );
  }

  destroy(): void {
    for (const { buffer } of [this.pixels, this.labels, this.order]) buffer?.destroy();
  }
}
