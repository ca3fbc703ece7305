/**
 * A graph's weights and samples in the memory of a {@link ReferenceExecutor}: whole steps in float64, without a
 * device.
 */
import { COUNTERS, type Gpu, ReferenceExecutor, SLICE_ALIGNMENT, Storage, type StorageType } from '@anke/kernels';
import { Random } from '@anke/random';
import { sizeOf, Tensor } from '../autograd/tensor.js';
import { type StepData, type StepMemory, type StepResult, trainStep } from '../engine/step.js';
import type { Graph } from '../graph/graph.js';
import { initialValues } from '../layers/initializers.js';
import { sparseCategoricalCrossentropy } from '../losses/sparse-categorical-crossentropy.js';
import type { TrainedWeight } from '../optimizers/optimizer.js';
import { SGD } from '../optimizers/sgd.js';

/** Stands for a device, which the reference executor leaves alone. */
const NO_DEVICE = { maxBinding: Number.POSITIVE_INFINITY } as Gpu;

/** A storage with a buffer of its own, so that parts of it share its memory. */
export const memoryOf = (label: string, elements: number, type: StorageType = 'f32'): Storage =>
  new Storage(label, elements * 4, { size: elements * 4 } as GPUBuffer, 0, type);

interface Slot {
  readonly name: string;
  readonly tensor: Tensor;
  readonly trained: boolean;
}

const ALIGNED = SLICE_ALIGNMENT / 4;

/** Weights, gradients and what never has a gradient, each in one buffer. */
export class ReferenceMemory implements StepMemory {
  readonly length: number;
  readonly weights: Storage;
  readonly gradients: Storage;
  readonly fixed: Storage;
  readonly rate = memoryOf('rate', 1);
  readonly counters = memoryOf('counters', COUNTERS, 'u32');
  readonly slots: readonly Slot[];

  constructor(readonly graph: Graph) {
    const specs = graph.layers.flatMap(({ name, weights }) =>
      weights.map((spec) => ({ spec, name: `${name}/${spec.name}`, bytes: sizeOf(spec.shape) * 4 })),
    );
    const room = specs.length * ALIGNED + specs.reduce((sum, { bytes }) => sum + bytes / 4, 0);
    this.length = room;
    this.weights = memoryOf('weights', room);
    this.gradients = memoryOf('gradients', room);
    this.fixed = memoryOf('fixed weights', room);
    let offset = 0;
    this.slots = specs.map(({ spec, name, bytes }) => {
      const buffer = spec.trainable ? this.weights : this.fixed;
      const gradient = spec.trainable ? this.gradients.slice(`gradient of ${name}`, offset, bytes) : undefined;
      const tensor = new Tensor(spec.shape, buffer.slice(name, offset, bytes), gradient);
      offset += Math.ceil(bytes / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;
      return { name, tensor, trained: spec.trainable };
    });
  }

  get trained(): readonly TrainedWeight[] {
    return this.slots.flatMap(({ name, tensor: { storage }, trained }) =>
      trained ? [{ name, offset: storage.offset / 4, length: storage.bytes / 4 }] : [],
    );
  }

  tensor(name: string, training: boolean): Tensor {
    const slot = this.slots.find((candidate) => candidate.name === name);
    if (!slot) throw new Error(`no weight "${name}"`);
    const { shape, storage, gradient } = slot.tensor;
    return new Tensor(shape, storage, training ? gradient : undefined);
  }
}

/** Some samples of random bytes, with labels in turn. */
export function randomSamples({ inputShape: shape, outputShape }: Graph, count: number) {
  const random = new Random(1, 'samples');
  const classes = sizeOf(outputShape);
  const words = Math.ceil((count * sizeOf(shape)) / 4);
  const data: StepData = {
    count,
    shape,
    pixels: memoryOf('pixels', words, 'u32'),
    factor: 1 / 128,
    offset: -1,
    labels: memoryOf('labels', count, 'u32'),
    order: memoryOf('order', count, 'u32'),
  };
  const pixels = Float64Array.from({ length: words }, () => random.integer(2 ** 32));
  const labels = Float64Array.from({ length: count }, (_, i) => i % classes);
  const order = Float64Array.from({ length: count }, (_, i) => i);
  return { data, contents: [pixels, labels, order] as const };
}

export interface ReferenceRun {
  readonly loss: number;
  readonly values: (storage: Storage) => Float64Array;
  readonly result: StepResult;
}

function setInitialValues(executor: ReferenceExecutor, memory: ReferenceMemory): void {
  const random = new Random(2, 'averages');
  for (const { name: layer, weights } of memory.graph.layers) {
    for (const { name, shape, initializer } of weights) {
      const fullName = `${layer}/${name}`;
      const initial = Float64Array.from(initialValues(initializer, shape, memory.graph.seed, fullName));
      // Gammas, betas and averages other than 1 and 0 tell more.
      const values = initializer === 'glorotUniform' ? initial : initial.map((value) => value + random.uniform() / 2);
      executor.values(memory.tensor(fullName, false).storage).set(values);
    }
  }
}

/**
 * One training step in float64, with a learning rate of 0 unless another is given.
 *
 * @param start the weights; initial values, and random moving averages, if absent
 */
export function referenceStep(
  memory: ReferenceMemory,
  { data, contents }: ReturnType<typeof randomSamples>,
  start?: Float64Array,
  rate = 0,
): ReferenceRun {
  const executor = new ReferenceExecutor(NO_DEVICE);
  const { graph } = memory;
  setInitialValues(executor, memory);
  if (start) executor.values(memory.weights).set(start);
  executor.values(memory.rate)[0] = rate;
  executor.values(memory.counters).set([3, 0, 5]);
  [data.pixels, data.labels, data.order].forEach((storage, i) => {
    executor.values(storage).set(contents[i] as Float64Array);
  });
  const result = trainStep(executor, {
    model: { graph, memory, storage: 'f32' },
    data,
    batch: { size: data.count, stride: data.count },
    loss: sparseCategoricalCrossentropy,
    totals: memoryOf('totals', 3),
    optimizer: new SGD(),
    state: {},
  });
  const values = (storage: Storage): Float64Array => executor.values(storage);
  return { loss: values(result.loss.storage)[0] as number, values, result };
}
