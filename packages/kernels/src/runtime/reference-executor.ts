import { KernelError } from './errors.js';
import { checkSizes, type Executor } from './executor.js';
import type { Gpu } from './gpu.js';
import type { Arrays, Kernel } from './kernel.js';
import { Storage } from './storage.js';

/**
 * Runs the kernels' CPU references in place of their shaders, in float64: what a whole training step should give. It
 * takes storages of the device for names of memory, but leaves the device alone.
 */
export class ReferenceExecutor implements Executor {
  /** Memory of a whole buffer, or of a temporary. */
  readonly #memory = new Map<GPUBuffer | Storage, Float64Array>();

  constructor(readonly gpu: Gpu) {}

  temporary(label: string, bytes: number, half = false): Storage {
    return new Storage(label, bytes, undefined, 0, half);
  }

  /** The elements of a storage, to be read and written; zero at first. */
  values(storage: Storage): Float64Array {
    const key = storage.buffer ?? storage;
    const width = storage.half ? 2 : 4;
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
    bindings: Readonly<Record<B, Storage>>,
  ): void {
    checkSizes(kernel, params, bindings);
    const inputs = {} as Record<B, Float64Array>;
    for (const name of Object.keys(kernel.bindings) as B[]) {
      inputs[name] = this.values(bindings[name]).subarray(0, kernel.bindings[name].length(params));
    }
    const outputs = kernel.reference(params, inputs as Arrays<B>);
    for (const [name, values] of Object.entries<Float64Array | undefined>(outputs)) {
      if (!values) throw new KernelError(`${kernel.name}: the reference gave no "${name}"`);
      inputs[name as B].set(values);
    }
  }
}
