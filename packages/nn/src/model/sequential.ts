import { type Augmentation, type Executor, type Gpu, Recorder, type Storage } from '@anke/kernels';
import { Random } from '@anke/random';
import { type Shape, sizeOf } from '../autograd/tensor.js';
import { type Callback, History, type Logs, type ProgressPhase } from '../callbacks/callback.js';
import { ModelError, ShapeError } from '../errors.js';
import { initialValues } from '../layers/initializers.js';
import type { Layer } from '../layers/layer.js';
import type { Optimizer } from '../optimizers/optimizers.js';
import { checkSamples, DeviceData, type Samples } from './device-data.js';
import { type Loss, sparseCategoricalCrossentropy } from './losses.js';
import { ModelMemory } from './memory.js';
import { evaluateStep, type ProgramModel, predictStep, trainStep } from './programs.js';
import { type Pass, runPass } from './runner.js';
import { summarize } from './summary.js';

export interface SequentialOptions {
  /** Everything random in the model comes from this: first weights, dropout, the order of the samples. */
  readonly seed?: number;
}

export interface CompileOptions {
  readonly gpu: Gpu;
  readonly optimizer: Optimizer;
  readonly loss?: Loss;
  /**
   * How activations are kept between a layer and the next, and for the backward pass; float32 if absent. With float16, sums,
   * weights, gradients and moments are float32 all the same; an activation beyond ±65,504 becomes infinite.
   */
  readonly storage?: 'float32' | 'float16';
}

export interface FitOptions {
  /** Trains up to this epoch, counted from 0. */
  readonly epochs: number;
  /** The epoch to begin with, where earlier ones were trained before; 0 if absent. */
  readonly initialEpoch?: number;
  readonly batchSize?: number;
  readonly validationData?: Samples;
  /** Samples in one batch of the validation; about 256 if absent, as nothing is kept for a backward pass. */
  readonly validationBatchSize?: number;
  /** Whether each epoch takes the samples in another order. */
  readonly shuffle?: boolean;
  /** How the training images are changed at random, anew each time that they are used; not at all if absent. */
  readonly augmentation?: Augmentation | undefined;
  readonly callbacks?: readonly Callback[];
}

export interface WeightValues {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A copy of all weights and moving averages, on the device. */
export interface WeightSnapshot {
  readonly weights: Storage;
  readonly averages: Storage;
  destroy(): void;
}

export interface Evaluation {
  readonly loss: number;
  readonly accuracy: number;
}

/** All that a training goes on from: what is on the device, and how far its random numbers have been drawn. */
export interface ModelState {
  /** Steps and epochs that have been trained. */
  readonly steps: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** By name: weights, averages, the optimizer's moments and its bias corrections, each as it lies on the device. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

interface Compiled extends Required<CompileOptions> {
  readonly memory: ModelMemory;
  readonly moments: readonly Storage[];
}

/** A stack of layers, each fed by the one before: built at once, compiled for a device, trained, evaluated, asked. */
export class Sequential {
  readonly seed: number;
  /** Set by a callback: ends training after the epoch. */
  stopTraining = false;
  /** Set from outside, by an interrupt: ends training after the current submit. */
  interrupted = false;
  #compiled: Compiled | undefined;
  /** Steps that have been trained, for dropout; epochs, for the order of the samples. */
  #steps = 0;
  #epochs = 0;
  #rate = 0;

  /**
   * @throws ShapeError if a layer cannot take what the one before gives
   * @throws ModelError if there is no layer, the first has no `inputShape`, or two have the same name
   */
  constructor(
    readonly layers: readonly Layer[],
    { seed = 0 }: SequentialOptions = {},
  ) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 32 - 1) {
      throw new ModelError(`the seed must be an integer in 0 … ${2 ** 32 - 1}, not ${seed}`);
    }
    this.seed = seed;
    const [first] = layers;
    if (!first) throw new ModelError('a model needs at least one layer');
    const { inputShape } = first.options;
    if (!inputShape) throw new ModelError(`the first layer (${first.type}) needs an inputShape`);
    if (!inputShape.every((side) => Number.isInteger(side) && side > 0)) {
      throw new ShapeError(`the inputShape (${inputShape.join(', ')}) must hold positive integers`);
    }
    nameLayers(layers);
    layers.reduce<Shape>((shape, layer) => layer.build(shape), inputShape);
  }

  get inputShape(): Shape {
    return (this.layers[0] as Layer).inputShape;
  }

  get outputShape(): Shape {
    return (this.layers.at(-1) as Layer).outputShape;
  }

  /** A table of the layers with their output shapes and numbers of parameters. */
  summary(): string {
    return summarize(this.layers);
  }

  /**
   * Makes the model ready for training on a device. A first call places fresh weights there; a later one keeps the
   * weights and starts the new optimizer from zero.
   */
  compile({ gpu, optimizer, loss = sparseCategoricalCrossentropy, storage = 'float32' }: CompileOptions): void {
    const before = this.#compiled;
    if (before && before.gpu !== gpu) throw new ModelError('the model is compiled for another device');
    if (storage === 'float16' && !gpu.device.features.has('shader-f16'))
      throw new ModelError('this device has no 16-bit floats (shader-f16): activations must be kept as float32');
    for (const { buffer } of before?.moments ?? []) buffer?.destroy();
    const memory = before?.memory ?? this.#place(gpu);
    const moments = Array.from({ length: optimizer.moments }, (_, i) => gpu.storage(`moment ${i}`, memory.length * 4));
    gpu.write(memory.corrections, new Float32Array(2));
    gpu.write(memory.rate, Float32Array.of(optimizer.learningRate));
    this.#compiled = { gpu, optimizer, loss, storage, memory, moments };
    this.#rate = optimizer.learningRate;
  }

  /** The step size that the optimizer goes by; callbacks may change it between epochs. */
  get learningRate(): number {
    return this.#rate;
  }

  /** @throws ModelError if it is not positive */
  set learningRate(rate: number) {
    if (!(rate > 0 && Number.isFinite(rate)))
      throw new ModelError(`the learning rate must be a positive number, not ${rate}`);
    const { gpu, memory } = this.compiled;
    gpu.write(memory.rate, Float32Array.of(rate));
    this.#rate = rate;
  }

  #place(gpu: Gpu): ModelMemory {
    const memory = new ModelMemory(gpu, this.layers);
    for (const { name, spec, storage } of memory.slots) {
      gpu.write(storage, initialValues(spec.initializer, spec.shape, this.seed, name));
    }
    return memory;
  }

  get compiled(): Compiled {
    if (!this.#compiled) throw new ModelError('call compile() first');
    return this.#compiled;
  }

  /**
   * Trains for up to `epochs` epochs.
   *
   * @throws ModelError or ShapeError if the samples do not fit the model
   * @throws DeviceError if the device fails
   */
  async fit(samples: Samples, options: FitOptions): Promise<History> {
    const { epochs, batchSize = 32, validationData, validationBatchSize, shuffle = true, callbacks = [] } = options;
    const { initialEpoch = 0, augmentation } = options;
    const { gpu, loss, optimizer, moments } = this.compiled;
    const count = checkSamples(samples, this.inputShape, sizeOf(this.outputShape));
    if (validationData) checkSamples(validationData, this.inputShape, sizeOf(this.outputShape));
    checkBatchSize(batchSize);
    if (augmentation && samples.shape.length !== 3)
      throw new ShapeError(
        `images of shape (${samples.shape.join(', ')}) cannot be augmented, only (height, width, channels)`,
      );

    const history = new History();
    const hooks: readonly Callback[] = [history, ...callbacks];
    const totals = gpu.storage('totals', 12);
    const data = new DeviceData(gpu, 'training', samples, augmentation);
    const validation = validationData ? new DeviceData(gpu, 'validation', validationData) : undefined;
    const passes: Pass[] = [];
    try {
      const report =
        (phase: ProgressPhase) =>
        (done: number, total: number): void => {
          for (const hook of hooks) hook.onProgress?.(phase, done, total);
        };
      const preparing = report('preparing');
      const training = await this.#pass(
        data.count,
        batchSize,
        (executor, batch) => trainStep(executor, this.program, data, batch, loss, optimizer, moments, totals),
        preparing,
      );
      passes.push(training);
      const evaluation = validation && (await this.#evaluationPass(validation, validationBatchSize, totals, preparing));
      if (evaluation) passes.push(evaluation);

      this.stopTraining = false;
      for (const hook of hooks) await hook.onTrainBegin?.(this);
      for (let epoch = initialEpoch; epoch < epochs && !this.stopTraining && !this.interrupted; epoch++) {
        for (const hook of hooks) await hook.onEpochBegin?.(epoch, this);
        const { learningRate } = this;
        if (shuffle) gpu.write(data.order, new Random(this.seed, 'shuffle', this.#epochs).permutation(count));
        const trained = await this.#run(training, totals, (done) => report('training')(done, count));
        if (!trained) break;
        this.#epochs++;
        this.#steps += Math.ceil(count / batchSize);
        let logs: Logs = { loss: trained.loss, accuracy: trained.accuracy, learning_rate: learningRate };
        if (evaluation && validation) {
          const validated = await this.#run(evaluation, totals, (done) => report('validation')(done, validation.count));
          if (!validated) break;
          logs = { ...logs, val_loss: validated.loss, val_accuracy: validated.accuracy };
        }
        for (const hook of hooks) await hook.onEpochEnd?.(epoch, logs, this);
      }
      for (const hook of hooks) await hook.onTrainEnd?.(this);
      return history;
    } finally {
      for (const pass of passes) destroyPass(pass);
      data.destroy();
      validation?.destroy();
      totals.buffer?.destroy();
    }
  }

  /** Loss (with penalties) and accuracy over labelled samples. */
  async evaluate(
    samples: Samples,
    { batchSize, onProgress }: { batchSize?: number; onProgress?: (done: number, total: number) => void } = {},
  ): Promise<Evaluation> {
    const { gpu } = this.compiled;
    const count = checkSamples(samples, this.inputShape, sizeOf(this.outputShape));
    checkBatchSize(batchSize);
    const totals = gpu.storage('totals', 12);
    const data = new DeviceData(gpu, 'evaluation', samples);
    try {
      const pass = await this.#evaluationPass(data, batchSize, totals);
      const result = await this.#run(pass, totals, (done) => onProgress?.(done, count));
      destroyPass(pass);
      if (!result) throw new ModelError('the evaluation was interrupted');
      return result;
    } finally {
      data.destroy();
      totals.buffer?.destroy();
    }
  }

  /** The model's outputs for each sample, row after row: (samples, classes) probabilities of a classifier. */
  async predict(
    samples: Samples,
    { batchSize, onProgress }: { batchSize?: number; onProgress?: (done: number, total: number) => void } = {},
  ): Promise<Float32Array> {
    const { gpu } = this.compiled;
    const count = checkSamples(samples, this.inputShape, undefined);
    checkBatchSize(batchSize);
    const data = new DeviceData(gpu, 'prediction', samples);
    const results = gpu.storage('predictions', count * sizeOf(this.outputShape) * 4);
    try {
      const pass = await this.#pass(count, batchSize ?? evenBatch(count), (executor, batch) =>
        predictStep(executor, this.program, data, batch, results),
      );
      this.#startEpoch();
      const done = await runPass(
        gpu,
        pass,
        (samplesDone) => onProgress?.(samplesDone, count),
        () => this.interrupted,
      );
      destroyPass(pass);
      if (!done) throw new ModelError('the prediction was interrupted');
      return await gpu.readFloats(results);
    } finally {
      data.destroy();
      results.buffer?.destroy();
    }
  }

  /** Copies all weights and moving averages aside, into `into` if given. */
  snapshot(into?: WeightSnapshot): WeightSnapshot {
    const { gpu, memory } = this.compiled;
    const copy = into ?? {
      weights: gpu.storage('kept weights', memory.weights.bytes),
      averages: gpu.storage('kept averages', memory.averages.bytes),
      destroy(): void {
        this.weights.buffer?.destroy();
        this.averages.buffer?.destroy();
      },
    };
    gpu.copy(memory.weights, copy.weights);
    gpu.copy(memory.averages, copy.averages);
    return copy;
  }

  /** Puts a snapshot's values back. */
  restore({ weights, averages }: WeightSnapshot): void {
    const { gpu, memory } = this.compiled;
    gpu.copy(weights, memory.weights);
    gpu.copy(averages, memory.averages);
  }

  /** All weights and moving averages by name (`layer/weight`), in the order of the layers. */
  async getWeights(): Promise<Map<string, WeightValues>> {
    const { gpu, memory } = this.compiled;
    const weights = new Map<string, WeightValues>();
    for (const { name, spec, storage } of memory.slots) {
      weights.set(name, { shape: spec.shape, values: await gpu.readFloats(storage) });
    }
    return weights;
  }

  /** @throws ShapeError if a weight is missing or has another shape */
  setWeights(weights: ReadonlyMap<string, WeightValues>): void {
    const { gpu, memory } = this.compiled;
    for (const { name, spec } of memory.slots) {
      const given = weights.get(name);
      if (!given) throw new ShapeError(`the weight "${name}" is missing`);
      if (given.shape.join() !== spec.shape.join()) {
        throw new ShapeError(
          `the weight "${name}" has shape (${given.shape.join(', ')}) instead of (${spec.shape.join(', ')})`,
        );
      }
    }
    for (const { name, storage } of memory.slots) gpu.write(storage, (weights.get(name) as WeightValues).values);
  }

  /** What a training can go on from, to the same bits as if it had not stopped. */
  async getState(): Promise<ModelState> {
    const { gpu } = this.compiled;
    const tensors = new Map<string, Float32Array>();
    for (const [name, storage] of this.#stateful()) tensors.set(name, await gpu.readFloats(storage));
    return { steps: this.#steps, epochs: this.#epochs, learningRate: this.#rate, tensors };
  }

  /**
   * Takes a state that the same model has left, compiled with the same optimizer.
   *
   * @throws ShapeError if it is another model's
   */
  setState({ steps, epochs, learningRate, tensors }: ModelState): void {
    for (const [name, { bytes }] of this.#stateful()) {
      const length = tensors.get(name)?.length ?? 0;
      if (length * 4 !== bytes)
        throw new ShapeError(`the state's "${name}" has ${length} numbers instead of ${bytes / 4}`);
    }
    for (const [name, storage] of this.#stateful()) this.compiled.gpu.write(storage, tensors.get(name) as Float32Array);
    this.#steps = steps;
    this.#epochs = epochs;
    this.learningRate = learningRate;
  }

  #stateful(): readonly (readonly [string, Storage])[] {
    const { memory, moments } = this.compiled;
    return [
      ['weights', memory.weights],
      ['averages', memory.averages],
      ['corrections', memory.corrections],
      ...moments.map((moment, i) => [`moment${i}`, moment] as const),
    ];
  }

  /** Gives the device's memory back; the model cannot be used until it is compiled again, with fresh weights. */
  destroy(): void {
    for (const { buffer } of this.#compiled?.moments ?? []) buffer?.destroy();
    this.#compiled?.memory.destroy();
    this.#compiled = undefined;
  }

  /** What a step of this model is recorded from. */
  get program(): ProgramModel {
    const { memory, storage } = this.compiled;
    return { layers: this.layers, memory, seed: this.seed, half: storage === 'float16' };
  }

  /** Records a step for full batches and one for a smaller last batch. */
  async #pass(
    count: number,
    batchSize: number,
    step: (executor: Executor, batch: { size: number; stride: number }) => unknown,
    onPrepared: (done: number, total: number) => void = () => undefined,
  ): Promise<Pass> {
    const record = (size: number): Recorder | undefined => {
      if (size === 0) return undefined;
      const recorder = new Recorder(this.compiled.gpu);
      step(recorder, { size, stride: batchSize });
      return recorder;
    };
    const steps = Math.floor(count / batchSize);
    const restSize = count % batchSize;
    const recorders = [record(steps > 0 ? batchSize : 0), record(restSize)];
    // Each dispatch is chosen a variant for, then compiled.
    const total = 2 * recorders.reduce((sum, recorder) => sum + (recorder?.requests.length ?? 0), 0);
    let done = 0;
    const onDone = (): void => onPrepared(++done, total);
    for (const recorder of recorders) await recorder?.tune(onDone);
    const [full, rest] = await Promise.all(recorders.map((recorder) => recorder?.finish(onDone)));
    return { full, steps, rest, batchSize, restSize };
  }

  #evaluationPass(
    data: DeviceData,
    batchSize: number | undefined,
    totals: Storage,
    onPrepared?: (done: number, total: number) => void,
  ): Promise<Pass> {
    const step = (executor: Executor, batch: { size: number; stride: number }): unknown =>
      evaluateStep(executor, this.program, data, batch, this.compiled.loss, totals);
    return this.#pass(data.count, batchSize ?? evenBatch(data.count), step, onPrepared);
  }

  /** Runs a pass from its first batch on; undefined if it was interrupted. */
  async #run(pass: Pass, totals: Storage, onProgress: (done: number) => void): Promise<Evaluation | undefined> {
    const { gpu } = this.compiled;
    this.#startEpoch();
    gpu.write(totals, new Float32Array(3));
    if (!(await runPass(gpu, pass, onProgress, () => this.interrupted))) return undefined;
    const [loss = 0, correct = 0, samples = 1] = await gpu.readFloats(totals);
    return { loss: loss / samples, accuracy: correct / samples };
  }

  #startEpoch(): void {
    const { gpu, memory } = this.compiled;
    gpu.write(memory.counters, Uint32Array.of(this.#steps, 0));
  }
}

function checkBatchSize(batchSize = 1): void {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new ModelError(`the batch size must be a positive integer, not ${batchSize}`);
}

/** Samples in a batch where none is kept for a backward pass and the caller does not care. */
const PASSING_BATCH = 256;

/** At most {@link PASSING_BATCH}, and such that no smaller last batch is left, whose step would have to be compiled too. */
function evenBatch(count: number): number {
  if (count <= PASSING_BATCH) return count;
  for (let size = PASSING_BATCH; size >= PASSING_BATCH / 2; size--) if (count % size === 0) return size;
  return PASSING_BATCH;
}

function destroyPass({ full, rest }: Pass): void {
  full?.destroy();
  rest?.destroy();
}

/** Names as Keras gives them: the type in snake case, numbered from the second on. */
function nameLayers(layers: readonly Layer[]): void {
  const counts = new Map<string, number>();
  const names = new Set<string>();
  for (const layer of layers) {
    if (!layer.name) {
      const base = layer.type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
      const number = counts.get(base) ?? 0;
      counts.set(base, number + 1);
      layer.name = number === 0 ? base : `${base}_${number}`;
    }
    if (names.has(layer.name)) throw new ModelError(`two layers are named "${layer.name}"`);
    names.add(layer.name);
  }
}
