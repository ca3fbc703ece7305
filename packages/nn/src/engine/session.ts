/**
 * A graph on a device: its weights, the samples that are there, and the recordings of its steps. Recordings for
 * training and evaluation are kept as long as the samples that they read, those for prediction as long as the
 * session.
 */
import type { Executor, Gpu, Storage } from '@anke/kernels';
import { sizeOf, type Tensor } from '../autograd/tensor.js';
import { ModelError, NonFiniteError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { Loss } from '../losses/loss.js';
import { sparseCategoricalCrossentropy } from '../losses/sparse-categorical-crossentropy.js';
import type { Metric } from '../metrics/metric.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import { Backup } from './backup.js';
import type { Batches } from './batches.js';
import { checkEnd, checkedMetrics } from './compiled.js';
import { DataCache, type DeviceData, type Samples } from './device-data.js';
import { ModelMemory } from './memory.js';
import { type AskedPass, checkBatchSize, evenBatch, Pass, type PassOptions } from './pass.js';
import { Predictor, type PredictorImages } from './predictor.js';
import { checkComparedSamples } from './sample-check.js';
import { StateCheck } from './state-check.js';
import {
  type EvaluateStep,
  evaluateStep,
  gradientStep,
  predictStep,
  type StepBatch,
  type StepModel,
  type StepResult,
  trainStep,
} from './step.js';
import { TrainingState } from './training-state.js';
import { checkFinite, checkState, Weights } from './weights.js';

export interface SessionOptions {
  /**
   * How activations are kept between a layer and the next, and for the backward pass; float32 if absent. With
   * float16, sums, weights, gradients and the optimizer's state are float32 all the same; an activation beyond
   * ±65,504 becomes the nearest value in that range.
   */
  readonly storage?: 'float32' | 'float16';
}

export interface SessionTraining {
  readonly optimizer: Optimizer;
  /** The cross-entropy of labels that are class numbers, if absent. */
  readonly loss?: Loss;
  /** What is told of each epoch beside the loss; if absent, the accuracy where the loss is a cross-entropy. */
  readonly metrics?: readonly Metric[];
}

/** What a pass that trains may differ in. */
export type TrainerOptions = Pick<PassOptions, 'augmentation' | 'classWeight' | 'stepsPerEpoch'>;

/** All that a training is resumed from: what is on the device, and how many steps and epochs have been trained. */
export interface ModelState {
  /** Steps that have been trained, passes over the samples, and steps of a pass that is not over. */
  readonly steps: number;
  readonly epochs: number;
  readonly position: number;
  readonly learningRate: number;
  /** The optimizer's name. */
  readonly optimizer: string;
  /** By name: all weights, moving averages, and the optimizer's buffers, each as it lies on the device. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
}

/** A pass that is kept with the samples that it reads. */
interface KeptPass {
  readonly step: 'train' | 'evaluate';
  readonly pass: Pass;
}

interface KeptPredictor {
  readonly ready: Promise<Predictor>;
  /** Once it is. */
  predictor?: Predictor;
}

export class Session {
  readonly memory: ModelMemory;
  readonly weights: Weights;
  /** The samples that are on the device. */
  readonly data: DataCache;
  /** Steps that have been trained, for dropout and augmentation. */
  steps = 0;
  /** Passes over the samples that have been trained, for their order; an epoch is one, unless it has other steps. */
  epochs = 0;
  /** Steps of the next pass that have been trained, where an epoch has ended within it. */
  position = 0;
  #training: TrainingState | undefined;
  #stateCheck: StateCheck | undefined;
  #trains = false;
  readonly #closed = new AbortController();
  #passes: readonly KeptPass[] = [];
  readonly #predictors = new Map<string, KeptPredictor>();

  private constructor(
    readonly gpu: Gpu,
    readonly graph: Graph,
    readonly storage: StepModel['storage'],
  ) {
    this.memory = new ModelMemory(gpu, graph);
    this.memory.initialize(gpu, graph.seed);
    this.weights = new Weights(gpu, this.memory, () => this.#checkIdle('given other weights'));
    this.data = new DataCache(gpu, (data) => this.#free(({ pass }) => pass.options.data === data));
  }

  /**
   * A session with fresh weights.
   *
   * @throws ModelError if the device cannot store activations as asked
   */
  static open(gpu: Gpu, graph: Graph, { storage = 'float32' }: SessionOptions = {}): Session {
    if (storage === 'float16' && !gpu.device.features.has('shader-f16'))
      throw new ModelError('this device has no 16-bit floats (shader-f16): activations must be kept as float32');
    return new Session(gpu, graph, storage === 'float16' ? 'f16' : 'f32');
  }

  /**
   * Sets what the model is trained with. The weights stay, the optimizer starts from zero.
   *
   * @throws ModelError if metrics do not fit the model or the loss, or the optimizer's options the model
   */
  compile({ optimizer, loss = sparseCategoricalCrossentropy, metrics: asked }: SessionTraining): void {
    this.#checkIdle('compiled');
    const metrics = checkedMetrics(asked, loss, sizeOf(this.graph.outputShape));
    optimizer.check?.(this.memory.trained.map(({ name }) => name));
    const same = this.#training?.measures(loss, metrics) ?? false;
    this.#free(({ step }) => step === 'train' || !same);
    this.#training?.destroy();
    this.#stateCheck?.destroy();
    this.#training = undefined; // should there be no memory for the new one
    this.#stateCheck = undefined;
    this.#training = new TrainingState(this.gpu, this.memory, optimizer, loss, metrics);
    this.#stateCheck = this.#makeStateCheck(); // compiled by the time that it is asked
  }

  /** @throws ModelError if it was not set */
  get training(): TrainingState {
    if (!this.#training) throw new ModelError('call compile() first');
    return this.#training;
  }

  /** Sends a training step to an executor. */
  train(executor: Executor, batches: Batches, batch: StepBatch): StepResult {
    const { optimizer, buffers, tables } = this.training;
    return trainStep(executor, { ...this.#step(batches, batch), optimizer, state: { ...buffers, ...tables } });
  }

  /** Sends what comes before the optimizer in a training step to an executor. */
  differentiate(executor: Executor, batches: Batches, batch: StepBatch): StepResult {
    return gradientStep(executor, this.#step(batches, batch));
  }

  /** Sends a step of evaluation to an executor. */
  evaluate(executor: Executor, batches: Batches, batch: StepBatch): StepResult {
    return evaluateStep(executor, this.#step(batches, batch));
  }

  /** Sends a step of prediction to an executor. It does not advance to the next batch. */
  predict(executor: Executor, batches: Batches, batch: StepBatch): Tensor {
    return predictStep(executor, { model: this.#model(batches), data: batches.source, batch });
  }

  /**
   * Reserves the session for one training.
   *
   * @returns to be called when it is over
   * @throws ModelError if there is one already
   */
  beginTraining(): () => void {
    if (this.#trains) throw new ModelError('the model is being trained already');
    this.#trains = true;
    return () => {
      this.#trains = false;
    };
  }

  /**
   * A pass that trains on samples: made anew, or kept from before. It must be prepared before it is run, and given
   * back with {@link Session.release}.
   */
  trainer(data: DeviceData, batchSize: number, options: TrainerOptions = {}): Pass {
    return this.#pass('train', { data, batchSize, ...options });
  }

  /** A pass that evaluates samples: see {@link Session.trainer}. */
  evaluator(data: DeviceData, batchSize = evenBatch(data.count)): Pass {
    return this.#pass('evaluate', { data, batchSize });
  }

  /** To be called with each pass that was given out, when it is no longer used. */
  release(pass: Pass): void {
    pass.busy = false;
    if (!pass.prepared) this.#free((kept) => kept.pass === pass);
  }

  /** A predictor for batches of one size and images like these, which is kept until the session ends. */
  predictor(batch: number, images: PredictorImages = {}): Promise<Predictor> {
    checkBatchSize(batch);
    const { rescale = 1, offset = 0, pixels } = images;
    const key = `${batch} ${rescale} ${offset} ${pixels instanceof Float32Array}`;
    const known = this.#predictors.get(key);
    if (known) return known.ready;
    const kept: KeptPredictor = { ready: this.#createPredictor(batch, images) };
    this.#predictors.set(key, kept);
    kept.ready.then(
      (predictor) => {
        kept.predictor = predictor;
        if (this.closed.aborted) predictor.destroy();
      },
      () => this.#predictors.delete(key),
    );
    return kept.ready;
  }

  async #createPredictor(batch: number, images: PredictorImages): Promise<Predictor> {
    const broken = await this.stateCheck.weights();
    if (broken) throw new NonFiniteError(`the model cannot predict: ${broken}`);
    return Predictor.create(this, batch, images);
  }

  /** What a training can be resumed from, to the same bits as if it had not stopped. */
  async getState(): Promise<ModelState> {
    const { steps, epochs, position } = this;
    const { learningRate, optimizer } = this.training;
    const tensors = await Promise.all(
      this.#stateful().map(async ([name, storage]) => [name, await this.gpu.readFloats(storage)] as const),
    );
    return { steps, epochs, position, learningRate, optimizer: optimizer.name, tensors: new Map(tensors) };
  }

  /**
   * Takes a state that the same model has left, compiled with the same optimizer.
   *
   * @throws ModelError if it is another optimizer's, or the model is being trained or evaluated
   * @throws ShapeError if it is another model's
   * @throws NonFiniteError if it holds NaN or infinity
   */
  setState({ steps, epochs, position, learningRate, optimizer, tensors }: ModelState): void {
    this.#checkIdle('given another state');
    const { training } = this;
    if (optimizer !== training.optimizer.name)
      throw new ModelError(`the state is of the optimizer ${optimizer}, but the model has ${training.optimizer.name}`);
    const writes = this.#stateful().map(([name, storage]) => {
      const values = tensors.get(name);
      checkState(storage, name, values);
      checkFinite(`the state's "${name}"`, values);
      return { storage, values };
    });
    for (const { storage, values } of writes) this.gpu.write(storage, values);
    Object.assign(this, { steps, epochs, position });
    training.resumeAt(learningRate);
  }

  /**
   * The number of samples, which carry what the loss takes.
   *
   * @throws ModelError or ShapeError if they do not fit the model and its loss
   */
  checkSamples(samples: Samples): number {
    const { loss } = this.training;
    checkEnd(this.graph, loss);
    const { inputShape: input, outputShape: output } = this.graph;
    return checkComparedSamples(samples, { input, output, loss });
  }

  /** @throws ModelError if what trains or evaluates would be changed meanwhile */
  #checkIdle(done: string): void {
    if (this.#passes.some(({ pass }) => pass.busy))
      throw new ModelError(`the model cannot be ${done} while it is trained or evaluated`);
  }

  /** Looks for values that are not finite in what the session keeps on the device. */
  get stateCheck(): StateCheck {
    this.#stateCheck ??= this.#makeStateCheck();
    return this.#stateCheck;
  }

  #makeStateCheck(): StateCheck {
    const { gpu, memory } = this;
    const { optimizer, buffers = {} } = this.#training ?? {};
    return new StateCheck(gpu, { memory, optimizer, buffers });
  }

  /** A copy of all that training changes on the device, to be destroyed after use. */
  backup(): Backup {
    return new Backup(
      this.gpu,
      this.#stateful().map(([, storage]) => storage),
    );
  }

  /** Ends when the session is destroyed: then nothing may be submitted any more. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Ends what is under way, and frees all memory on the device. */
  destroy(): void {
    this.#closed.abort(new ModelError('the model was destroyed'));
    this.data.destroy();
    this.#free(() => true);
    for (const { predictor } of this.#predictors.values()) predictor?.destroy();
    this.#predictors.clear();
    this.#training?.destroy();
    this.#stateCheck?.destroy();
    this.weights.destroy();
    this.memory.destroy();
  }

  #model({ counters }: Batches): StepModel {
    return { graph: this.graph, memory: this.memory.countedBy(counters), storage: this.storage };
  }

  #step(batches: Batches, batch: StepBatch): EvaluateStep {
    const { source: data, totals, sums } = batches;
    return { model: this.#model(batches), data, batch, loss: this.training.loss, totals, metrics: sums.metrics };
  }

  #pass(step: KeptPass['step'], options: AskedPass): Pass {
    checkBatchSize(options.batchSize);
    const known = this.#passes.find(({ step: its, pass }) => its === step && !pass.busy && pass.isFor(options));
    const record = (executor: Executor, batches: Batches, batch: StepBatch) => this[step](executor, batches, batch);
    const { seed, outputShape } = this.graph;
    const { loss, metrics } = this.training;
    const counted = { metrics, outputs: sizeOf(outputShape), byLabels: loss.takes === 'labels' };
    const kept = known ?? { step, pass: new Pass(this.gpu, { ...options, seed, counted }, record) };
    if (!known) this.#passes = [...this.#passes, kept];
    kept.pass.busy = true;
    return kept.pass;
  }

  /** Frees some of the passes. */
  #free(which: (kept: KeptPass) => boolean): void {
    for (const kept of this.#passes) if (which(kept)) kept.pass.destroy();
    this.#passes = this.#passes.filter((kept) => !which(kept));
  }

  #stateful(): readonly (readonly [string, Storage])[] {
    const { memory } = this;
    const own = Object.entries(this.training.buffers).map(([name, storage]) => [`optimizer/${name}`, storage] as const);
    return [['weights', memory.weights], ['untrained', memory.untrained], ...own];
  }
}
