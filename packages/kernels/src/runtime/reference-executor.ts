/**
 * Runs the kernels' CPU references instead of their shaders, in float64: what a whole training step should give. It
 * uses storages as keys of its own memory, and never touches the device.
 */
import type { Gpu } from './device.js';
import { checkedDispatch } from './dispatch.js';
import { KernelError } from './errors.js';
import type { Executor } from './executor.js';
import type { Arrays, Kernel } from './kernel.js';
import { elementBytes, Storage, type StorageType } from './storage.js';

const NONE = new Float64Array();

export class ReferenceExecutor implements Executor {
  /** Memory of a whole buffer, or of a temporary. */
  readonly #memory = new Map<GPUBuffer | Storage, Float64Array>();

  constructor(readonly gpu: Gpu) {}

  temporary(label: string, bytes: number, type: StorageType = 'f32'): Storage {
    return new Storage(label, bytes, undefined, 0, type);
  }

  /** The elements of a storage, to be read and written; zero at first. */
  values(storage: Storage): Float64Array {
    const key = storage.buffer ?? storage;
    const width = elementBytes(storage.type);
    let memory = this.#memory.get(key);
    if (!memory) {
      memory = new Float64Array((storage.buffer ? storage.buffer.size : storage.bytes) / width);
      this.#memory.set(key, memory);
    }
    return memory.subarray(storage.offset / width, (storage.offset + storage.bytes) / width);
  }

  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Partial<Record<B, Storage>>>,
  ): void {
    const checked = checkedDispatch(kernel, params, bindings).bindings;
    const inputs = {} as Record<B, Float64Array>;
    for (const name of Object.keys(kernel.bindings) as B[]) {
      const storage = checked[name];
      inputs[name] = storage ? this.values(storage).subarray(0, kernel.bindings[name].length(params)) : NONE;
    }
    const outputs = kernel.reference(params, inputs as Arrays<B>);
    for (const [name, values] of Object.entries<Float64Array | undefined>(outputs)) {
      if (!values) throw new KernelError(`${kernel.name}: the reference gave no "${name}"`);
      inputs[name as B].set(values);
    }
  }
}
