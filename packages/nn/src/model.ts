/**
 * Models as Keras has them: made of layers, compiled for a device, trained, evaluated, used for predictions. This file
 * only offers the interface; the session and `fit` do the work.
 */
import type { Gpu } from '@anke/kernels';
import type { Shape } from './autograd/tensor.js';
import { checkSamples, type Samples } from './engine/device-data.js';
import type { Evaluation } from './engine/epoch-sums.js';
import { type PredictOptions, predictionBatch } from './engine/predictor.js';
import { type ModelState, Session, type SessionOptions, type SessionTraining } from './engine/session.js';
import type { WeightValues } from './engine/weights.js';
import { ModelError } from './errors.js';
import { type EvaluateOptions, evaluate } from './fit/evaluate.js';
import { type FitEvent, type FitOptions, fit } from './fit/fit.js';
import { History } from './fit/history.js';
import { describeGraph, type GraphDescription } from './graph/description.js';
import { Graph, type GraphLayer, type GraphOptions } from './graph/graph.js';
import type { Node } from './graph/node.js';
import { graphFromDescription } from './graph/reading.js';
import { type SequentialOptions, sequential } from './graph/sequential.js';
import { summarize } from './graph/summary.js';
import type { Layer } from './layers/layer.js';

export interface CompileOptions extends SessionOptions, SessionTraining {
  readonly gpu: Gpu;
}

/**
 * A model may be used while it trains. Evaluation and prediction count their batches by themselves, so they change no
 * bit of the training. They run between its submits, a batch (of a prediction) or a submit (of an evaluation) at a
 * time, and each of these sees the weights of that moment: only what is asked between two events of `fitEvents` and
 * awaited before the next one is taken sees the same weights from its beginning to its end. What would change the
 * training (compiling, setting weights or a state, a second training) is refused.
 */
export class Model {
  readonly graph: Graph;
  #session: Session | undefined;

  /**
   * @param input what `input(shape)` gave
   * @param output what depends on it by layers
   * @throws ModelError if the output does not depend on the input alone, or if two layers have the same name
   */
  constructor(input: Node, output: Node, options: GraphOptions = {}) {
    this.graph = new Graph(input, output, options);
  }

  /** A model of a graph that is there already. */
  static of({ input, output, seed }: Graph): Model {
    return new Model(input, output, { seed });
  }

  get inputShape(): Shape {
    return this.graph.inputShape;
  }

  get outputShape(): Shape {
    return this.graph.outputShape;
  }

  get layers(): readonly GraphLayer[] {
    return this.graph.layers;
  }

  get seed(): number {
    return this.graph.seed;
  }

  /**
   * A table of the layers with their output shapes and numbers of parameters.
   *
   * @param columns that a line may have; where the types of layers leave no room, they are left out
   */
  summary(columns?: number): string {
    return summarize(this.graph, columns);
  }

  /** The model as JSON, without the values of its weights: what `model.json` holds. */
  description(): GraphDescription {
    return describeGraph(this.graph);
  }

  /**
   * Makes the model ready for training on a device. A first call creates fresh weights there; a later one keeps the
   * weights and starts the new optimizer from zero.
   *
   * @throws ModelError if the device is another one than before, or cannot keep activations as float16, or if metrics
   *   do not fit the model or the loss, or the optimizer's options the model
   */
  compile({ gpu, storage = 'float32', ...training }: CompileOptions): void {
    const kept = storage === 'float16' ? 'f16' : 'f32';
    if (this.#session && this.#session.gpu !== gpu) throw new ModelError('the model is compiled for another device');
    if (this.#session && this.#session.storage !== kept)
      throw new ModelError('the model is compiled with another storage of activations');
    this.#session ??= Session.open(gpu, this.graph, { storage });
    this.#session.compile(training);
  }

  /** Whether it is on a device. */
  get isCompiled(): boolean {
    return this.#session !== undefined;
  }

  /**
   * The model on its device.
   *
   * @throws ModelError if it is not compiled
   */
  get session(): Session {
    if (!this.#session) throw new ModelError('call compile() first');
    return this.#session;
  }

  /** Trains, and says how far it is: see `fit`. */
  fitEvents(samples: Samples, options: FitOptions): AsyncGenerator<FitEvent> {
    return fit(this.session, samples, options);
  }

  /**
   * Trains for up to `epochs` epochs.
   *
   * @throws ModelError or ShapeError if the samples do not fit the model
   * @throws NonFiniteError if a value is NaN or infinite; the model is then as it was before the epoch
   * @throws DeviceError if the device fails
   */
  async fit(samples: Samples, options: FitOptions): Promise<History> {
    let history = new History();
    for await (const event of this.fitEvents(samples, options)) if (event.type === 'done') history = event.history;
    return history;
  }

  /** Loss (with penalties) and metrics over samples. While the model trains, see {@link Model}. */
  async evaluate(samples: Samples, options?: EvaluateOptions): Promise<Evaluation> {
    return evaluate(this.session, samples, options);
  }

  /** The model's outputs for each sample, row after row: (samples, classes) probabilities of a classifier. */
  async predict(
    samples: Samples,
    { batchSize, ...options }: PredictOptions & { readonly batchSize?: number } = {},
  ): Promise<Float32Array> {
    const { session } = this;
    const count = checkSamples(samples, this.inputShape);
    const predictor = await session.predictor(batchSize ?? predictionBatch(count), samples);
    return predictor.predict(session.data.find(samples) ?? samples.pixels, options);
  }

  /** All weights and moving averages by name (`layer/weight`), in the order of the layers. */
  async getWeights(): Promise<Map<string, WeightValues>> {
    return this.session.weights.get();
  }

  /**
   * @throws ShapeError if a weight is missing or has another shape
   * @throws ModelError if the model is being trained or evaluated
   * @throws NonFiniteError if one holds NaN or infinity
   */
  setWeights(weights: ReadonlyMap<string, WeightValues>): void {
    this.session.weights.set(weights);
  }

  /** What a training can be resumed from: see `Session.getState`. */
  async getState(): Promise<ModelState> {
    return this.session.getState();
  }

  /** Takes a state: see `Session.setState`. */
  setState(state: ModelState): void {
    this.session.setState(state);
  }

  /** Gives the device's memory back; the model cannot be used until it is compiled again, with fresh weights. */
  destroy(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }
}

/** A stack of layers, each fed by the one before. */
export class Sequential extends Model {
  /**
   * @throws ShapeError if a layer cannot take what the one before gives
   * @throws ModelError if there is no layer, no input shape, or if two layers have the same name
   */
  constructor(layers: readonly Layer[], options: SequentialOptions = {}) {
    const { input, output } = sequential(layers, options);
    super(input, output, options);
  }
}

/**
 * The model that a description was made from. Its weights are set by `setWeights`.
 *
 * @throws FormatError if the description is not of a model
 */
export const modelFromDescription = (description: unknown): Model => Model.of(graphFromDescription(description));
