import { type Gpu, Recorder, type Recording, type Storage } from '@anke/kernels';
import { sizeOf } from '../autograd/tensor.js';
import { ShapeError } from '../errors.js';
import { DeviceData } from './device-data.js';
import { predictStep } from './programs.js';
import type { Sequential } from './sequential.js';

/**
 * Predicts batches of up to `batch` images that come one after the other, with everything made ready beforehand: a call
 * writes the images, replays the recording, and reads the result. One call at a time.
 */
export class Predictor {
  readonly #gpu: Gpu;
  readonly #pixels: Uint8Array;
  readonly #outputs: number;

  private constructor(
    readonly model: Sequential,
    readonly batch: number,
    readonly data: DeviceData,
    readonly results: Storage,
    readonly recording: Recording,
  ) {
    this.#gpu = model.compiled.gpu;
    this.#pixels = new Uint8Array(batch * sizeOf(model.inputShape));
    this.#outputs = sizeOf(model.outputShape);
  }

  /** @param rescale each byte is multiplied by this on its way into the model */
  static async create(model: Sequential, batch: number, rescale: number): Promise<Predictor> {
    const { gpu } = model.compiled;
    const { inputShape: shape, outputShape, program } = model;
    const data = new DeviceData(gpu, 'requests', { pixels: new Uint8Array(batch * sizeOf(shape)), shape, rescale });
    const results = gpu.storage('predictions', batch * sizeOf(outputShape) * 4);
    const recorder = new Recorder(gpu);
    predictStep(recorder, program, data, { size: batch, stride: 0 }, results);
    await recorder.tune();
    return new Predictor(model, batch, data, results, await recorder.finish());
  }

  /**
   * The outputs for these images, row after row.
   *
   * @param pixels bytes of at most `batch` images
   */
  async predict(pixels: Uint8Array): Promise<Float32Array> {
    const images = (pixels.length / this.#pixels.length) * this.batch;
    if (!Number.isInteger(images) || images > this.batch) {
      throw new ShapeError(`${pixels.length} bytes are not those of at most ${this.batch} images`);
    }
    this.#pixels.set(pixels);
    this.#gpu.write(this.data.pixels, this.#pixels);
    this.recording.submit();
    return (await this.#gpu.readFloats(this.results)).subarray(0, images * this.#outputs);
  }

  destroy(): void {
    this.recording.destroy();
    this.data.destroy();
    this.results.buffer?.destroy();
  }
}
