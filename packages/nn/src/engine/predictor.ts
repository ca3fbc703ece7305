/**
 * Prediction in batches of one size, with everything made ready beforehand: writes a batch's images, replays the
 * recording, reads the outputs. It has counters of its own, and may be used while the same model trains.
 */
import { type Executor, type Gpu, Recorder, type Recording, type Storage } from '@anke/kernels';
import { sizeOf, type Tensor } from '../autograd/tensor.js';
import { ModelError, NonFiniteError, ShapeError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { Batches } from './batches.js';
import { checkScale, DeviceData, type PixelScale, type Samples, unitOf } from './device-data.js';
import { withFittingBatch } from './fitting.js';
import { EVEN_BATCH, evenBatch } from './pass.js';
import type { StepBatch } from './step.js';

export interface PredictOptions {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Ends the prediction after the present batch: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The size of a batch if none is given: a power of two for few images, so that few recordings serve all numbers of
 * them.
 */
export const predictionBatch = (count: number): number => {
  const power = 2 ** Math.ceil(Math.log2(count));
  return power <= EVEN_BATCH ? power : evenBatch(count);
};

/** The most batches that are submitted before the first of them is read, so that the device never waits. */
const MOST_RUNNING = 4;

/** A model on a device, as a predictor needs it. */
export interface PredictedModel {
  readonly gpu: Gpu;
  readonly graph: Graph;
  /** Sends a step of prediction; see `Session`. */
  predict(executor: Executor, batches: Batches, batch: StepBatch): Tensor;
}

/** What a predictor is made for: the scale of its images, and what they are of; bytes, if absent. */
export type PredictorImages = PixelScale & Partial<Pick<Samples, 'pixels'>>;

/** What belongs to one predictor. */
interface Parts {
  readonly recording: Recording;
  /** The images of a batch. */
  readonly data: DeviceData;
  readonly batches: Batches;
  /** The outputs of a batch. */
  readonly output: Storage;
}

export class Predictor {
  /** Pixels of one image. */
  readonly #imageSize: number;
  /** Numbers that come out for one image. */
  readonly #outputs: number;
  #destroyed = false;

  private constructor(
    /** Images that are predicted at once. */
    readonly batch: number,
    { inputShape, outputShape }: Graph,
    private readonly parts: Parts,
  ) {
    this.#imageSize = sizeOf(inputShape);
    this.#outputs = sizeOf(outputShape);
  }

  static async create(model: PredictedModel, batch: number, images: PredictorImages): Promise<Predictor> {
    const { gpu, graph } = model;
    const { inputShape: shape, seed } = graph;
    const { rescale = 1, offset = 0 } = images;
    checkScale(images);
    const size = batch * sizeOf(shape);
    const pixels = images.pixels instanceof Float32Array ? new Float32Array(size) : new Uint8Array(size);
    const data = new DeviceData(gpu, 'images', { rescale, offset, shape, pixels });
    const batches = new Batches(gpu, { data, seed });
    const record = (recorder: Recorder, size: number): Storage => {
      const { storage } = model.predict(recorder, batches, { size, stride: 0 });
      recorder.keep(storage);
      return storage;
    };
    try {
      const recorder = new Recorder(gpu);
      const output = record(recorder, batch);
      return new Predictor(batch, graph, { recording: await recorder.finish(), data, batches, output });
    } catch (error) {
      for (const part of [data, batches]) part.destroy();
      throw withFittingBatch(error, { gpu, batch, record });
    }
  }

  /**
   * The outputs for images, row after row.
   *
   * @param images any number of them, as what it was made for, or on the device
   * @throws ShapeError if the pixels are no whole number of images
   * @throws ModelError if they are bytes where it takes numbers, or the other way round
   * @throws NonFiniteError if an output is NaN or infinite
   */
  async predict(
    images: Samples['pixels'] | DeviceData,
    { onProgress, signal }: PredictOptions = {},
  ): Promise<Float32Array> {
    const { batch, parts } = this;
    const { gpu } = parts.recording;
    const count = this.#count(images instanceof DeviceData ? images.samples.pixels : images);
    const all = new Float32Array(count * this.#outputs);
    // WebGPU copies within the device only from multiples of 4 bytes.
    const aligned = (batch * this.#imageSize * parts.data.samples.pixels.BYTES_PER_ELEMENT) % 4 === 0;
    const source = images instanceof DeviceData && !aligned ? images.samples.pixels : images;
    const running: Promise<void>[] = [];
    for (let first = 0; first < count; first += batch) {
      signal?.throwIfAborted();
      if (this.#destroyed) throw new ModelError('the model was destroyed while it predicted');
      const size = Math.min(batch, count - first);
      this.#load(source, first, size);
      parts.recording.submit();
      // The copy that is read is submitted at once, before another call can write or run anything.
      const finished = gpu.readFloats(parts.output).then((outputs) => {
        all.set(outputs.subarray(0, size * this.#outputs), first * this.#outputs);
        onProgress?.(first + size, count);
      });
      finished.catch(() => undefined); // awaited below
      running.push(finished);
      if (running.length === MOST_RUNNING) await running.shift();
    }
    await Promise.all(running);
    const broken = all.findIndex((output) => !Number.isFinite(output));
    if (broken < 0) return all;
    throw new NonFiniteError(
      `the model's output for image ${Math.floor(broken / this.#outputs)} is ${all[broken]}, so it predicts nothing`,
    );
  }

  #count(pixels: Samples['pixels']): number {
    const [unit, taken] = [pixels, this.parts.data.samples.pixels].map(unitOf);
    if (unit !== taken) throw new ModelError(`the images are ${unit}, but the predictor was made for ${taken}`);
    const count = pixels.length / this.#imageSize;
    if (Number.isInteger(count)) return count;
    throw new ShapeError(`${pixels.length} ${unit} are no whole number of images of ${this.#imageSize} ${unit}`);
  }

  #load(images: Samples['pixels'] | DeviceData, first: number, size: number): void {
    const { recording, data } = this.parts;
    const [start, length] = [first * this.#imageSize, size * this.#imageSize];
    if (images instanceof DeviceData) {
      const width = data.samples.pixels.BYTES_PER_ELEMENT;
      const part = images.pixels.slice('images', start * width, Math.ceil((length * width) / 4) * 4);
      recording.gpu.copy(part, data.pixels);
    } else recording.gpu.write(data.pixels, images.subarray(start, start + length));
  }

  destroy(): void {
    this.#destroyed = true;
    const { recording, data, batches } = this.parts;
    for (const part of [recording, data, batches]) part.destroy();
  }
}
