/** A recipe's model on the device with images of noise: what measurements record the steps of. */
import { ImageDataset, type ImageShape } from '@anke/data';
import { type Gpu, Recorder, type RecorderOptions, type Storage } from '@anke/kernels';
import { Batches, type DeviceData, Session } from '@anke/nn';
import { Random } from '@anke/random';
import { makeOptimizer, type RecipePhase, samplesOf } from '@anke/training';
import { generatorOf } from '../commands/augment-options.js';
import type { RecipeModel } from '../commands/model-options.js';

export interface BenchOptions {
  /** Images in a step. */
  readonly batch: number;
  /** The recipe's, if absent. */
  readonly storage?: 'float32' | 'float16' | undefined;
  /** Whether dispatches are fused, as they are in training; so they are if absent. */
  readonly fuse?: boolean;
}

export class BenchSession {
  readonly session: Session;
  readonly #data: DeviceData;
  readonly #batches: Batches;

  /** Compiled with the optimizer of the recipe's first phase. */
  constructor(
    readonly gpu: Gpu,
    { recipe, inputShape, classes, make }: RecipeModel,
    private readonly options: BenchOptions,
  ) {
    const { graph } = make(1);
    this.session = Session.open(gpu, graph, { storage: options.storage ?? recipe.storage });
    this.session.compile({ optimizer: makeOptimizer((recipe.phases[0] as RecipePhase).optimizer) });
    this.#data = this.session.data.acquire(samplesOf(noise(options.batch, inputShape, classes)), 'bench');
    const augmentation = generatorOf(recipe.augmentation).augmentation(inputShape);
    this.#batches = new Batches(gpu, { data: this.#data, seed: graph.seed, augmentation });
  }

  /** A training step. */
  training(): Recorder {
    const recorder = this.#recorder({ clamped: this.#batches.counters });
    this.session.train(recorder, this.#batches, this.#step);
    return recorder;
  }

  /** A step of prediction, whose outputs can be read. */
  prediction(): Recorder {
    const recorder = this.#recorder();
    recorder.keep(this.session.predict(recorder, this.#batches, this.#step).storage);
    return recorder;
  }

  /** Bytes on the device without activations: weights, what the optimizer keeps, images. */
  get bytes(): number {
    const { memory, training } = this.session;
    const { pixels, labels } = this.#data;
    const state = Object.values(training.buffers);
    const all: Storage[] = [memory.weights, memory.gradients, memory.untrained, ...state, pixels, labels];
    return [...all, this.#batches.source.order].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The same batch each time: the counters may move on. */
  get #step() {
    return { size: this.options.batch, stride: 0 };
  }

  #recorder(options: RecorderOptions = {}): Recorder {
    return new Recorder(this.gpu, { fuse: this.options.fuse ?? true, ...options });
  }

  destroy(): void {
    this.#batches.destroy();
    this.session.destroy();
  }
}

/** Images that differ in brightness, with labels in turn. */
function noise(images: number, shape: ImageShape, classes: number): ImageDataset {
  const random = new Random(1, 'bench');
  const length = shape[0] * shape[1] * shape[2];
  const image = Uint8Array.from({ length }, () => random.integer(256));
  const pixels = new Uint8Array(images * length);
  for (let i = 0; i < images; i++)
    pixels.set(
      image.map((value) => (value + 37 * i) % 256),
      i * length,
    );
  return new ImageDataset('noise', shape, pixels, {
    labels: Uint32Array.from({ length: images }, (_, i) => i % classes),
    classes,
  });
}
