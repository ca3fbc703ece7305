/**
 * A model's weights on a device, in three flat buffers: all trained weights, their gradients in the same layout, so
 * that an optimizer needs one dispatch, and what training's updates leave alone. What an optimizer keeps for itself
 * is not here. A layer's kernels are given its own weights, so that the buffers may be longer than what a device binds
 * at once; what goes over all weights takes them piece by piece (kernels' `piecesOf`).
 */
import { DeviceMemoryError, type Gpu, rowsAtOnce, SLICE_ALIGNMENT, type Storage } from '@anke/kernels';
import { formatShape, sizeOf, Tensor } from '../autograd/tensor.js';
import type { Graph } from '../graph/graph.js';
import type { WeightSpec } from '../layers/definition.js';
import { initialValues } from '../layers/initializers.js';
import type { TrainedWeight } from '../optimizers/optimizer.js';
import type { StepMemory } from './step.js';

/** A weight and where it lies. */
export interface Slot {
  /** `layer/weight`: unique in the model. */
  readonly name: string;
  readonly spec: WeightSpec;
  readonly storage: Storage;
  /** Absent where the weight is not trained. */
  readonly gradient?: Storage;
}

const align = (bytes: number): number => Math.ceil(bytes / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;

const SMALLER = 'use a smaller model';

/** @throws DeviceMemoryError if a weight is more than the device can bind at once, and cannot be divided */
function checkBinding(gpu: Gpu, name: string, spec: WeightSpec, bytes: number): void {
  const limit = gpu.maxBinding;
  if (bytes <= limit) return;
  const label = `the weight ${name} of shape ${formatShape(spec.shape)}`;
  if (!spec.divisible || rowsAtOnce(spec.shape.at(-1) ?? 1, gpu) === 0)
    throw new DeviceMemoryError({ label, bytes, limit }, SMALLER);
  if (spec.trainable && spec.regularizer)
    throw new DeviceMemoryError(
      { label, bytes, limit },
      'leave out its regularizer, so that it can be divided, or use fewer units, smaller images or more pooling',
    );
}

export class ModelMemory {
  /** All trained weights. */
  readonly weights: Storage;
  readonly gradients: Storage;
  /** Moving averages, which a forward pass moves, and the weights of frozen layers. */
  readonly untrained: Storage;
  /** In the order of the layers. */
  readonly slots: readonly Slot[];
  /** Elements of `weights`, with the gaps between slots, which stay zero. */
  readonly length: number;
  /** The learning rate. */
  readonly rate: Storage;
  readonly #byName: ReadonlyMap<string, Slot>;

  /**
   * Memory of a graph's weights, which is zero until they are given values.
   *
   * @throws DeviceMemoryError if one of them is more than the device can bind at once and cannot be divided, or if all
   *   are more than a buffer of the device may hold
   */
  constructor(gpu: Gpu, graph: Graph) {
    const all = graph.layers.flatMap(({ name, weights }) =>
      weights.map((spec) => ({ name: `${name}/${spec.name}`, spec, bytes: sizeOf(spec.shape) * 4 })),
    );
    const total = (trainable: boolean): number =>
      all.reduce((sum, { spec, bytes }) => sum + (spec.trainable === trainable ? align(bytes) : 0), 0);
    for (const { name, spec, bytes } of all) checkBinding(gpu, name, spec, bytes);
    const limit = gpu.maxBuffer;
    for (const bytes of [total(true), total(false)]) {
      if (bytes <= limit) continue;
      const { name } = all.reduce((a, b) => (a.bytes >= b.bytes ? a : b));
      const label = `the array of the model's weights, of which ${name} is the largest,`;
      throw new DeviceMemoryError({ label, bytes, limit, limited: 'buffer' }, SMALLER);
    }
    this.length = total(true) / 4;
    this.weights = gpu.flatStorage('weights', total(true));
    this.gradients = gpu.flatStorage('gradients', total(true));
    this.untrained = gpu.flatStorage('untrained weights', total(false));
    this.rate = gpu.storage('learning rate', 4);
    const end = { trained: 0, untrained: 0 };
    this.slots = all.map(({ name, spec, bytes }): Slot => {
      const kind = spec.trainable ? 'trained' : 'untrained';
      const offset = end[kind];
      end[kind] += align(bytes);
      if (!spec.trainable) return { name, spec, storage: this.untrained.slice(name, offset, bytes) };
      const gradient = this.gradients.slice(`gradient of ${name}`, offset, bytes);
      return { name, spec, storage: this.weights.slice(name, offset, bytes), gradient };
    });
    this.#byName = new Map(this.slots.map((slot) => [slot.name, slot]));
  }

  /** Gives every weight its first value: what its initializer draws from the seed for its name. */
  initialize(gpu: Gpu, seed: number): void {
    for (const { name, spec, storage } of this.slots)
      gpu.write(storage, initialValues(spec.initializer, spec.shape, seed, name));
  }

  /** The weight that an element of `weights` or `untrained` belongs to, and the element's index in it. */
  placeOf(buffer: Storage, element: number): { readonly name: string; readonly index: number } | undefined {
    const at = buffer.offset + element * 4;
    const slot = this.slots.find(
      ({ storage }) => storage.buffer === buffer.buffer && storage.offset <= at && at < storage.offset + storage.bytes,
    );
    return slot && { name: slot.name, index: (at - slot.storage.offset) / 4 };
  }

  /** A weight as a tensor; with its gradient if it is trained. */
  tensor(name: string, training: boolean): Tensor {
    const slot = this.#byName.get(name);
    if (!slot) throw new Error(`no weight "${name}"`);
    return new Tensor(slot.spec.shape, slot.storage, training ? slot.gradient : undefined);
  }

  /** Where each trained weight lies in `weights`, in elements. */
  get trained(): readonly TrainedWeight[] {
    const first = this.weights.offset;
    return this.slots.flatMap(({ name, storage: { offset, bytes }, gradient }) =>
      gradient ? [{ name, offset: (offset - first) / 4, length: bytes / 4 }] : [],
    );
  }

  /** The memory as a step sees it that counts with these counters. */
  countedBy(counters: Storage): StepMemory {
    const { length, weights, gradients, trained, rate } = this;
    const tensor: StepMemory['tensor'] = (name, training) => this.tensor(name, training);
    return { length, weights, gradients, trained, rate, counters, tensor };
  }

  destroy(): void {
    const { weights, gradients, untrained, rate } = this;
    for (const storage of [weights, gradients, untrained, rate]) storage.destroy();
  }
}
