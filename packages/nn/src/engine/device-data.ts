/** Samples, and samples on a device: uploaded once, kept as long as they are in use. */
import { DeviceMemoryError, type Gpu, type Storage } from '@anke/kernels';
import { formatShape, type Shape, sizeOf } from '../autograd/tensor.js';
import { ModelError, ShapeError } from '../errors.js';

/** Images, row after row, with their labels: what models are trained on and predict. */
export interface Samples extends PixelScale {
  /** Bytes, or numbers of any range: the model sees pixel · rescale + offset, numbers as they are without a scale. */
  readonly pixels: Uint8Array | Float32Array;
  /** Classes 0 … n-1; needed for training and evaluation by a loss that takes labels. */
  readonly labels?: ArrayLike<number>;
  /** (samples, outputs): a number for each output, for a loss that takes targets. */
  readonly targets?: Float32Array;
  /** Each sample's factor in the loss; 1 if absent. Metrics count every sample alike. */
  readonly sampleWeight?: Float32Array;
  /** Shape of one sample: (height, width, channels). */
  readonly shape: Shape;
}

export const countOf = ({ pixels, shape }: Samples): number => pixels.length / sizeOf(shape);

/** How pixels come into a model: pixel · rescale + offset. */
export interface PixelScale {
  /** 1 if absent. */
  readonly rescale?: number;
  /** 0 if absent. */
  readonly offset?: number;
}

/** @throws ModelError if it is not finite as float32 */
export function checkScale({ rescale = 1, offset = 0 }: PixelScale): void {
  for (const [name, value] of Object.entries({ rescale, offset })) {
    if (!Number.isFinite(Math.fround(value)))
      throw new ModelError(`the samples' ${name} must be a finite float32 number, not ${value}`);
  }
}

/**
 * The number of samples.
 *
 * @throws ShapeError if they are not what a model with this input takes
 * @throws ModelError if their scale is not finite
 */
export function checkSamples(samples: Samples, input: Shape): number {
  const { shape, pixels } = samples;
  if (shape.length !== input.length || shape.some((side, axis) => side !== input[axis])) {
    const [found, expected] = [formatShape(shape), formatShape(input)];
    throw new ShapeError(`the samples have shape ${found}, but the model expects ${expected}`);
  }
  const count = countOf(samples);
  if (count === 0 || !Number.isInteger(count)) {
    const unit = unitOf(pixels);
    throw new ShapeError(`${pixels.length} ${unit} are no whole number of samples of ${sizeOf(shape)} ${unit}`);
  }
  checkScale(samples);
  const wrong = pixels instanceof Float32Array ? pixels.findIndex((pixel) => !Number.isFinite(pixel)) : -1;
  if (wrong >= 0) {
    const place = `pixel ${wrong % sizeOf(shape)} of sample ${Math.floor(wrong / sizeOf(shape))}`;
    throw new ModelError(`${place} must be a finite number, but is ${pixels[wrong]}`);
  }
  return count;
}

/** What an array of pixels holds, in the plural. */
export const unitOf = (pixels: Samples['pixels']): string => (pixels instanceof Float32Array ? 'numbers' : 'bytes');

/** Samples on the device. */
export class DeviceData {
  readonly count: number;
  readonly shape: Shape;
  readonly factor: number;
  readonly offset: number;
  readonly pixels: Storage;
  readonly labels: Storage;
  readonly targets: Storage | undefined;
  /** Numbers in a row of targets; 0 if there are none. */
  readonly outputs: number;
  readonly weights: Storage | undefined;
  /** Whether pixels are float32 numbers, not bytes. */
  readonly floats: boolean;

  /** @throws DeviceMemoryError if there are more than the device can bind at once */
  constructor(
    gpu: Gpu,
    label: string,
    readonly samples: Samples,
  ) {
    this.count = countOf(samples);
    const { pixels } = samples;
    const fitting = Math.floor(gpu.maxBinding / Math.max(4, sizeOf(samples.shape) * pixels.BYTES_PER_ELEMENT));
    if (this.count > fitting) {
      const need = { label: `the array of images (${label})`, bytes: pixels.byteLength, limit: gpu.maxBinding };
      throw new DeviceMemoryError(need, `at most ${fitting.toLocaleString('en-US')} of their size fit`);
    }
    this.shape = samples.shape;
    this.factor = samples.rescale ?? 1;
    this.offset = samples.offset ?? 0;
    this.floats = pixels instanceof Float32Array;
    // Kernels read words: four bytes, or the bits of a number.
    const words = this.floats ? new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length) : pixels;
    this.pixels = gpu.upload(`${label} pixels`, words as Uint32Array | Uint8Array);
    this.labels = gpu.upload(`${label} labels`, Uint32Array.from(samples.labels ?? new Uint32Array(this.count)));
    const { targets, sampleWeight } = samples;
    this.targets = targets && gpu.upload(`${label} targets`, targets);
    this.outputs = (targets?.length ?? 0) / this.count;
    this.weights = sampleWeight && gpu.upload(`${label} sample weights`, sampleWeight);
  }

  destroy(): void {
    for (const storage of [this.pixels, this.labels, this.targets, this.weights]) storage?.destroy();
  }
}

/** Which samples are on the device. Each is uploaded when it is first asked for, and freed with its last user. */
export class DataCache {
  readonly #held = new Map<Samples, { readonly data: DeviceData; users: number }>();

  /** @param onFree is called before samples are freed */
  constructor(
    readonly gpu: Gpu,
    private readonly onFree: (data: DeviceData) => void,
  ) {}

  /** The samples on the device, to be given back with {@link DataCache.release}. */
  acquire(samples: Samples, label = 'samples'): DeviceData {
    const held = this.#held.get(samples) ?? { data: new DeviceData(this.gpu, label, samples), users: 0 };
    held.users++;
    this.#held.set(samples, held);
    return held.data;
  }

  /** The samples on the device, if they are in use. */
  find(samples: Samples): DeviceData | undefined {
    return this.#held.get(samples)?.data;
  }

  release(samples: Samples): void {
    const held = this.#held.get(samples);
    if (held && --held.users === 0) this.#free(samples, held.data);
  }

  destroy(): void {
    for (const [samples, { data }] of this.#held) this.#free(samples, data);
  }

  #free(samples: Samples, data: DeviceData): void {
    this.#held.delete(samples);
    this.onFree(data);
    data.destroy();
  }
}
