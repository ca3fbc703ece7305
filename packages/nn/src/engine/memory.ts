/**
 * A model's weights on a device, in three flat buffers: all trained weights, their gradients in the same layout, so
 * that an optimizer needs one dispatch, and what training's updates leave alone. What an optimizer keeps for itself
 * is not here.
 */
import { DeviceMemoryError, type Gpu, SLICE_ALIGNMENT, type Storage } from '@anke/kernels';
import { sizeOf, Tensor } from '../autograd/tensor.js';
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
   * @throws DeviceMemoryError if they are more than the device can bind at once
   */
  constructor(gpu: Gpu, graph: Graph) {
    const all = graph.layers.flatMap(({ name, weights }) =>
      weights.map((spec) => ({ name: `${name}/${spec.name}`, spec, bytes: sizeOf(spec.shape) * 4 })),
    );
    const total = (trainable: boolean): number =>
      all.reduce((sum, { spec, bytes }) => sum + (spec.trainable === trainable ? align(bytes) : 0), 0);
    for (const bytes of [total(true), total(false)]) {
      if (bytes <= gpu.maxBinding) continue;
      const { name } = all.reduce((a, b) => (a.bytes >= b.bytes ? a : b));
      const need = { label: `the array of the model's weights, of which ${name} is the largest,`, bytes };
      throw new DeviceMemoryError({ ...need, limit: gpu.maxBinding }, 'use a smaller model');
    }
    this.length = total(true) / 4;
    this.weights = gpu.storage('weights', total(true));
    this.gradients = gpu.storage('gradients', total(true));
    this.untrained = gpu.storage('untrained weights', total(false));
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
