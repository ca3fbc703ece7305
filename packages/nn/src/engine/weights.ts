/** A model's weights as values by name, and copies of them on the device, which can be restored. */
import type { Gpu, Storage } from '@anke/kernels';
import { formatShape, type Shape } from '../autograd/tensor.js';
import { NonFiniteError, ShapeError } from '../errors.js';
import type { ModelMemory } from './memory.js';

export interface WeightValues {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A copy of all weights and moving averages, on the device. */
export interface WeightSnapshot {
  /** Takes the model's present weights. */
  take(): void;
  /** Puts the copy back into the model, also while it trains: callbacks do so between two epochs. */
  restore(): void;
  /** The copy's values, as they lie on the device. */
  read(): Promise<Readonly<Record<string, Float32Array>>>;
  /**
   * Takes values that {@link WeightSnapshot.read} gave, perhaps of an earlier process.
   *
   * @throws ShapeError if they are another model's
   */
  write(values: Readonly<Record<string, Float32Array>>): void;
  destroy(): void;
}

export class Weights {
  readonly #snapshots = new Set<WeightSnapshot>();

  /** @param checkIdle throws if the weights are in use */
  constructor(
    readonly gpu: Gpu,
    private readonly memory: ModelMemory,
    private readonly checkIdle: () => void,
  ) {}

  /** All weights and moving averages by name (`layer/weight`), in the order of the layers. */
  async get(): Promise<Map<string, WeightValues>> {
    const { weights, untrained, slots } = this.memory;
    // Both copies are made before another step can run.
    const [trained, rest] = await Promise.all([this.gpu.readFloats(weights), this.gpu.readFloats(untrained)]);
    return new Map(
      slots.map(({ name, spec, storage, gradient }) => {
        const first = storage.offset / 4;
        const values = (gradient ? trained : rest).slice(first, first + storage.bytes / 4);
        return [name, { shape: spec.shape, values }];
      }),
    );
  }

  /**
   * @throws ShapeError if a weight is missing or has another shape
   * @throws ModelError if the model is being trained or evaluated
   * @throws NonFiniteError if one holds NaN or infinity
   */
  set(values: ReadonlyMap<string, WeightValues>): void {
    this.checkIdle();
    const writes = this.memory.slots.map(({ name, spec, storage }) => {
      const given = values.get(name);
      if (!given) throw new ShapeError(`the weight "${name}" is missing`);
      if (given.shape.join() !== spec.shape.join()) {
        const [found, expected] = [formatShape(given.shape), formatShape(spec.shape)];
        throw new ShapeError(`the weight "${name}" has shape ${found}, but the model expects ${expected}`);
      }
      checkFinite(`the weight "${name}"`, given.values);
      return { storage, values: given.values };
    });
    for (const { storage, values } of writes) this.gpu.write(storage, values);
  }

  /** A copy of the present weights. It is freed with the model, if not before. */
  snapshot(): WeightSnapshot {
    const { gpu, memory } = this;
    const originals: readonly (readonly [string, Storage])[] = [
      ['weights', memory.weights],
      ['untrained', memory.untrained],
    ];
    const copies = originals.map(([name, original]) => {
      return { name, original, copy: gpu.flatStorage(`copy of ${name}`, original.bytes) };
    });
    const snapshot: WeightSnapshot = {
      take: () => {
        for (const { original, copy } of copies) gpu.copy(original, copy);
      },
      restore: () => {
        for (const { original, copy } of copies) gpu.copy(copy, original);
      },
      read: async () =>
        Object.fromEntries(
          await Promise.all(copies.map(async ({ name, copy }) => [name, await gpu.readFloats(copy)] as const)),
        ),
      write: (values) => {
        for (const { name, copy } of copies) writeState(gpu, copy, name, values[name]);
      },
      destroy: () => {
        for (const { copy } of copies) copy.destroy();
        this.#snapshots.delete(snapshot);
      },
    };
    this.#snapshots.add(snapshot);
    snapshot.take();
    return snapshot;
  }

  /** Frees all snapshots. */
  destroy(): void {
    for (const snapshot of this.#snapshots) snapshot.destroy();
  }
}

/** @throws ShapeError if `values` is not as long as the storage */
export function writeState(gpu: Gpu, storage: Storage, name: string, values: Float32Array | undefined): void {
  checkState(storage, name, values);
  gpu.write(storage, values);
}

/** @throws ShapeError if `values` is not as long as the storage */
export function checkState(
  { bytes }: Storage,
  name: string,
  values: Float32Array | undefined,
): asserts values is Float32Array {
  const length = values?.length ?? 0;
  if (length * 4 !== bytes)
    throw new ShapeError(`the state's "${name}" has ${length} numbers, but the model expects ${bytes / 4}`);
}

/** @throws NonFiniteError if a value is NaN or infinite */
export function checkFinite(what: string, values: Float32Array): void {
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) throw new NonFiniteError(`${what} is ${values[index]} at index ${index}`);
}
