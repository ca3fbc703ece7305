import { type Gpu, SLICE_ALIGNMENT, type Storage } from '@anke/kernels';
import { sizeOf, Tensor } from '../autograd/tensor.js';
import type { Layer, WeightSpec } from '../layers/layer.js';

/** A weight's place in the flat buffers. */
export interface Slot {
  readonly layer: Layer;
  readonly spec: WeightSpec;
  /** `layer/weight`: unique in the model. */
  readonly name: string;
  readonly storage: Storage;
  readonly gradient?: Storage;
}

const align = (bytes: number): number => Math.ceil(bytes / SLICE_ALIGNMENT) * SLICE_ALIGNMENT;

/**
 * A model's weights on the device. All trained ones lie in one buffer, their gradients in another of the same layout, so
 * that an optimizer needs one dispatch; what moves by itself (moving averages) lies in a third.
 */
export class ModelMemory {
  readonly weights: Storage;
  readonly gradients: Storage;
  readonly averages: Storage;
  /** In the order of the layers. */
  readonly slots: readonly Slot[];
  /** Elements of `weights`, with the gaps between slots, which stay zero. */
  readonly length: number;
  /** The number of the step; then its place in the epoch. */
  readonly counters: Storage;
  readonly rate: Storage;
  readonly corrections: Storage;
  /** Bias corrections that nobody reads, for passes without an optimizer. */
  readonly scratch: Storage;

  constructor(gpu: Gpu, layers: readonly Layer[]) {
    const specs = layers.flatMap((layer) => layer.weights.map((spec) => ({ layer, spec })));
    const bytesOf = (trainable: boolean): number =>
      specs
        .filter(({ spec }) => spec.trainable === trainable)
        .reduce((sum, { spec }) => sum + align(sizeOf(spec.shape) * 4), 0);
    this.weights = gpu.storage('weights', bytesOf(true));
    this.gradients = gpu.storage('gradients', bytesOf(true));
    this.averages = gpu.storage('moving averages', bytesOf(false));
    this.length = bytesOf(true) / 4;
    const used = { trained: 0, moving: 0 };
    this.slots = specs.map(({ layer, spec }): Slot => {
      const name = `${layer.name}/${spec.name}`;
      const bytes = sizeOf(spec.shape) * 4;
      const kind = spec.trainable ? 'trained' : 'moving';
      const offset = used[kind];
      used[kind] += align(bytes);
      if (!spec.trainable) return { layer, spec, name, storage: this.averages.slice(name, offset, bytes) };
      const gradient = this.gradients.slice(`gradient of ${name}`, offset, bytes);
      return { layer, spec, name, storage: this.weights.slice(name, offset, bytes), gradient };
    });
    this.counters = gpu.storage('counters', 8);
    this.rate = gpu.storage('learning rate', 4);
    this.corrections = gpu.storage('bias corrections', 8);
    this.scratch = gpu.storage('scratch', 8);
  }

  /** A slot as a tensor; with its gradient only where it is to be trained. */
  tensor(name: string, training: boolean): Tensor {
    const slot = this.slots.find((candidate) => candidate.name === name);
    if (!slot) throw new Error(`no weight "${name}"`);
    return new Tensor(slot.spec.shape, slot.storage, training ? slot.gradient : undefined);
  }

  destroy(): void {
    const { weights, gradients, averages, counters, rate, corrections, scratch } = this;
    for (const { buffer } of [weights, gradients, averages, counters, rate, corrections, scratch]) buffer?.destroy();
  }
}
