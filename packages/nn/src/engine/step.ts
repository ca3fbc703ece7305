/**
 * What a model does to one batch, as plain dispatches on any executor. Recorded once, a step is replayed for every
 * batch of its size. A training step sends, in this order:
 *
 *   gather (or augment) → layers → loss → penalties → the epoch's sums → gradients → advance → optimizer
 *
 * `advance` comes behind everything random in a step, so that all of it draws with the same count.
 */
import { type Augmentation, advance, augment, type Executor, gather, gatherRows, type Storage } from '@anke/kernels';
import { Tape } from '../autograd/tape.js';
import { type Shape, sizeOf, type Tensor } from '../autograd/tensor.js';
import type { Graph, GraphNode } from '../graph/graph.js';
import type { Node } from '../graph/node.js';
import type { ContainedActivation, Loss, LossBatch } from '../losses/loss.js';
import { penalized } from '../losses/penalties.js';
import { MetricBatch } from '../metrics/metric-batch.js';
import { addToTotals } from '../metrics/totals.js';
import type { Optimizer, OptimizerMemory } from '../optimizers/optimizer.js';
import type { MetricSums } from './epoch-sums.js';

/** What a step needs to know of a model's memory on the device. */
export interface StepMemory extends Omit<OptimizerMemory, 'state'> {
  /**
   * A weight as a tensor; with its gradient if it is trained.
   *
   * @param name `layer/weight`
   */
  tensor(name: string, training: boolean): Tensor;
}

export interface StepModel {
  readonly graph: Graph;
  readonly memory: StepMemory;
  /** How activations are kept between layers and for the backward pass; everything else is float32. */
  readonly storage: 'f32' | 'f16';
}

/** What a step needs to know of samples on the device. */
export interface StepData {
  readonly count: number;
  readonly shape: Shape;
  /** Of all samples; the model sees pixel · factor + offset. */
  readonly pixels: Storage;
  /** Whether pixels are float32 numbers; bytes, if absent. */
  readonly floats?: boolean;
  readonly factor: number;
  readonly offset: number;
  readonly labels: Storage;
  /** A row of numbers for each sample, where they have some. */
  readonly targets?: Storage | undefined;
  /** Numbers in such a row. */
  readonly outputs?: number;
  /** A factor in the loss for each sample, where they have one. */
  readonly weights?: Storage | undefined;
  /** Row numbers in the order in which they are used. */
  readonly order: Storage;
  /** How the images are changed at random on their way into the model; not at all if absent. */
  readonly augmentation?: Augmentation | undefined;
}

export interface StepBatch {
  readonly size: number;
  /** Rows between batches: the size of a full one, also where this is the smaller last one. */
  readonly stride: number;
}

export interface PredictStep {
  readonly model: StepModel;
  readonly data: StepData;
  readonly batch: StepBatch;
}

export interface EvaluateStep extends PredictStep {
  readonly loss: Loss;
  /** Sums of the epoch: Σ loss · samples, correct samples (of labels), samples. */
  readonly totals: Storage;
  /** Metrics that have sums of their own; none if absent. */
  readonly metrics?: readonly MetricSums[];
}

export interface TrainStep extends EvaluateStep {
  readonly optimizer: Optimizer;
  /** The optimizer's buffers, by the names of {@link Optimizer.state} and {@link Optimizer.tables}. */
  readonly state: Readonly<Record<string, Storage>>;
}

/** What a caller may want to read after a step. */
export interface StepResult {
  readonly logits: Tensor;
  /** The batch's mean loss, with the penalties. */
  readonly loss: Tensor;
}

/** The first part of a training step: the epoch's sums and the gradients. */
export function gradientStep(executor: Executor, step: EvaluateStep): StepResult {
  const tape = new Tape(executor);
  const result = lossOf(tape, step, true);
  tape.backward(result.loss);
  return result;
}

/** One step of training: gradients, an update of the weights, the epoch's sums. */
export function trainStep(executor: Executor, step: TrainStep): StepResult {
  const { model, optimizer, state } = step;
  const { memory } = model;
  const result = gradientStep(executor, step);
  executor.dispatch(advance, {}, { counters: memory.counters });
  optimizer.update(executor, { ...flat(memory), state });
  return result;
}

/** One step of evaluation: the epoch's sums only. */
export function evaluateStep(executor: Executor, step: EvaluateStep): StepResult {
  const result = lossOf(new Tape(executor), step, false);
  executor.dispatch(advance, {}, { counters: step.model.memory.counters });
  return result;
}

/** The model's outputs for one batch, with a softmax at the end if it has one. */
export function predictStep(executor: Executor, { model, data, batch }: PredictStep): Tensor {
  const tape = new Tape(executor);
  const { x } = takeBatch(tape, model.memory, data, batch);
  return forward(tape, model, x, { training: false });
}

/** What each layer gives for one batch, by its place in the graph, the model's outputs among them. */
export function layerOutputs(executor: Executor, { model, data, batch }: PredictStep): ReadonlyMap<Node, Tensor> {
  const tape = new Tape(executor);
  const { x } = takeBatch(tape, model.memory, data, batch);
  return outputsOf(tape, model, x, { training: false });
}

const flat = ({ length, weights, gradients, trained, rate, counters }: StepMemory) => ({
  length,
  weights,
  gradients,
  trained,
  rate,
  counters,
});

/** The forward pass up to the loss, and what it adds to the epoch's sums. */
function lossOf(tape: Tape, step: EvaluateStep, training: boolean): StepResult {
  const { model, data, batch, loss, totals, metrics = [] } = step;
  const { graph, memory } = model;
  const { x, labels } = takeBatch(tape, memory, data, batch);
  const { targets, weights } = takeRows(tape, step);
  const logits = forward(tape, model, x, { training, contained: loss.contains });
  tape.begin('the loss');
  const regularized = graph.layers.flatMap((layer) =>
    layer.weights.flatMap(({ name, trainable, regularizer }) => {
      if (!regularizer || !trainable) return [];
      const fullName = `${layer.name}/${name}`;
      return [{ name: fullName, tensor: memory.tensor(fullName, training), regularizer }];
    }),
  );
  const compared: LossBatch = { logits, labels, targets, weights };
  const result = penalized(tape, loss.mean(tape, compared), memory.weights, regularized);
  const { executor } = tape;
  addToTotals(executor, loss, compared, result, { totals, counters: memory.counters });
  const seen = new MetricBatch(executor, compared, loss.contains);
  for (const { metric, sums } of metrics) metric.update(executor, seen, sums);
  return { logits, loss: result };
}

/** What a batch's loss needs beside images and labels: targets, if it takes them, and factors of the samples. */
function takeRows(tape: Tape, { model, data, batch, loss }: EvaluateStep): Pick<LossBatch, 'targets' | 'weights'> {
  const { count: rows, order, outputs = 0 } = data;
  const { size, stride } = batch;
  const take = (label: string, values: Storage, rowLength: number): Tensor => {
    const y = tape.temporary(label, rowLength === 1 ? [size] : [size, rowLength]);
    const bindings = { values, order, counters: model.memory.counters, y: y.storage };
    tape.executor.dispatch(gatherRows, { batch: size, rows, rowLength, stride }, bindings);
    return y;
  };
  return {
    targets: loss.takes === 'targets' && data.targets ? take('targets', data.targets, outputs) : undefined,
    weights: data.weights && take('sample weights', data.weights, 1),
  };
}

function takeBatch(
  tape: Tape,
  { counters }: StepMemory,
  data: StepData,
  { size, stride }: StepBatch,
): { readonly x: Tensor; readonly labels: Tensor } {
  const { pixels, floats, order, factor, offset, augmentation } = data;
  tape.begin('the images');
  const x = tape.temporary('the batch', [size, ...data.shape]);
  const labels = tape.temporary('labels', [size], 'u32');
  const numbers = floats ? { floats } : {};
  const params = { batch: size, rows: data.count, rowLength: sizeOf(data.shape), stride, factor, offset, ...numbers };
  const bindings = { pixels, labels: data.labels, order, counters, x: x.storage, y: labels.storage };
  if (augmentation) {
    const [height = 1, width = 1, channels = 1] = data.shape;
    tape.executor.dispatch(augment, { ...params, shape: [height, width, channels], augmentation }, bindings);
  } else {
    tape.executor.dispatch(gather, params, bindings);
  }
  return { x, labels };
}

interface ForwardOptions {
  readonly training: boolean;
  /** The activation that the loss contains. */
  readonly contained?: ContainedActivation | undefined;
}

const forward = (tape: Tape, model: StepModel, x: Tensor, options: ForwardOptions): Tensor =>
  outputsOf(tape, model, x, options).get(model.graph.output) as Tensor;

function outputsOf(
  tape: Tape,
  { graph, memory, storage }: StepModel,
  x: Tensor,
  { training, contained }: ForwardOptions,
): ReadonlyMap<Node, Tensor> {
  const outputs = new Map<Node, Tensor>([[graph.input, x]]);
  const outputOf = (node: Node): Tensor => outputs.get(node) as Tensor;
  const precise = preciseNodes(graph);
  graph.nodes.forEach((node, index) => {
    tape.begin(`layer "${node.layerName}"`);
    const context = {
      tape,
      training,
      contained: node === graph.output ? contained : undefined,
      weight: (name: string) => memory.tensor(`${node.layerName}/${name}`, training),
      counters: memory.counters,
      index,
    };
    const call = (): Tensor => node.layer.call(context, node.inputs.map(outputOf));
    outputs.set(node, tape.within(node.layerName, precise.has(node) ? 'f32' : storage, call));
  });
  return outputs;
}

/**
 * What the model hands out, or to the loss, is kept as float32: the last layer with weights and all that follows it.
 */
function preciseNodes({ output }: Graph): ReadonlySet<Node> {
  const precise = new Set<Node>();
  for (let node: GraphNode | Node | undefined = output; node; node = node.inputs[0]) {
    precise.add(node);
    if (node.weights.length > 0 || node.inputs.length !== 1) break;
  }
  return precise;
}
