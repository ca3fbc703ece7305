/**
 * What a model does to one batch, as operations on any executor: gather, forward, loss, backward, update. Recorded once,
 * a program is replayed for every batch of its size.
 */
import { advance, augment, type Executor, gather, type Storage, scatter } from '@anke/kernels';
import { Tape } from '../autograd/tape.js';
import { type Shape, sizeOf, type Tensor } from '../autograd/tensor.js';
import type { CallContext, Layer } from '../layers/layer.js';
import { penaltyParts } from '../operations/loss.js';
import type { Optimizer } from '../optimizers/optimizers.js';
import type { DeviceData } from './device-data.js';
import type { Loss } from './losses.js';
import type { ModelMemory } from './memory.js';

export interface ProgramModel {
  readonly layers: readonly Layer[];
  readonly memory: ModelMemory;
  readonly seed: number;
  /** Whether activations are kept as float16. */
  readonly half?: boolean;
}

export interface Batch {
  readonly size: number;
  /** Rows between batches: the size of a full one, also where this is the smaller last one. */
  readonly stride: number;
}

/** What a caller may want to read after a step. */
export interface StepResult {
  readonly logits: Tensor;
  /** The batch's mean loss, with the penalties. */
  readonly loss: Tensor;
}

/** Moves on to the next batch where no loss does it. */
function count(executor: Executor, { counters, scratch }: ModelMemory): void {
  executor.dispatch(advance, { beta1: 0, beta2: 0 }, { counters, corrections: scratch });
}

function takeBatch(
  tape: Tape,
  { memory: { counters }, seed }: ProgramModel,
  data: DeviceData,
  { size, stride }: Batch,
): { x: Tensor; labels: Tensor } {
  const x = tape.temporary('batch', [size, ...data.shape]);
  const labels = tape.temporary('labels', [size]);
  const { augmentation } = data;
  const params = { batch: size, rows: data.count, rowLength: sizeOf(data.shape), stride, factor: data.rescale };
  const storages = {
    pixels: data.pixels,
    labels: data.labels,
    order: data.order,
    counters,
    x: x.storage,
    y: labels.storage,
  };
  if (augmentation) {
    const [height = 1, width = 1, channels = 1] = data.shape;
    tape.executor.dispatch(augment, { ...params, shape: [height, width, channels], augmentation, seed }, storages);
  } else {
    tape.executor.dispatch(gather, params, storages);
  }
  return { x, labels };
}

function forward(tape: Tape, model: ProgramModel, input: Tensor, training: boolean, logits: boolean): Tensor {
  const { layers, memory, seed, half = false } = model;
  let x = input;
  for (let index = 0; index < layers.length; index++) {
    const contextOf = (layer: Layer, place: number): CallContext => ({
      tape,
      training,
      logits: logits && place === layers.length - 1,
      weight: (name) => memory.tensor(`${layer.name}/${name}`, training),
      seed,
      index: place,
      step: memory.counters,
    });
    const layer = layers[index] as Layer;
    const next = layers[index + 1];
    const context = contextOf(layer, index);
    // What the model hands out, or to the loss, keeps its precision.
    tape.half = half && next !== undefined;
    const both = next && layer.callWith(x, context, next, contextOf(next, index + 1));
    if (both) index++;
    x = both ?? layer.call(x, context);
  }
  return x;
}

/** One step of training: gradients, an update of the weights, the epoch's sums. */
export function trainStep(
  executor: Executor,
  model: ProgramModel,
  data: DeviceData,
  batch: Batch,
  loss: Loss,
  optimizer: Optimizer,
  moments: readonly Storage[],
  totals: Storage,
): StepResult {
  const { memory } = model;
  const tape = new Tape(executor);
  const { x, labels } = takeBatch(tape, model, data, batch);
  const logits = forward(tape, model, x, true, true);
  const { counters, corrections } = memory;
  const penalties = penaltyParts(tape, memory);
  const { beta1, beta2 } = optimizer;
  const result = {
    logits,
    loss: loss(tape, logits, labels, { penalties, totals, counters, corrections, beta1, beta2 }),
  };
  tape.backward(result.loss);
  optimizer.update(executor, { ...memory, moments });
  return result;
}

/** One step of evaluation: the epoch's sums only. */
export function evaluateStep(
  executor: Executor,
  model: ProgramModel,
  data: DeviceData,
  batch: Batch,
  loss: Loss,
  totals: Storage,
): StepResult {
  const tape = new Tape(executor);
  const { x, labels } = takeBatch(tape, model, data, batch);
  const logits = forward(tape, model, x, false, true);
  const { counters, scratch: corrections } = model.memory;
  const penalties = penaltyParts(tape, model.memory);
  return { logits, loss: loss(tape, logits, labels, { penalties, totals, counters, corrections, beta1: 0, beta2: 0 }) };
}

/** One step of prediction: the model's outputs, put into `results` (samples, ...output) where they belong. */
export function predictStep(
  executor: Executor,
  model: ProgramModel,
  data: DeviceData,
  batch: Batch,
  results: Storage,
): Shape {
  const tape = new Tape(executor);
  const { x } = takeBatch(tape, model, data, batch);
  const y = forward(tape, model, x, false, false);
  const rowLength = sizeOf(y.shape) / batch.size;
  executor.dispatch(
    scatter,
    { batch: batch.size, rows: data.count, rowLength, stride: batch.stride },
    { x: y.storage, counters: model.memory.counters, result: results },
  );
  count(executor, model.memory);
  return y.shape;
}
