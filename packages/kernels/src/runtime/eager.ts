/** Runs every kernel by itself, in order, each in a submit of its own: for debugging and for tests. */
import { encodeStage, SingleDispatch } from './bound.js';
import type { Gpu } from './device.js';
import { checkedDispatch, storageTypes } from './dispatch.js';
import type { Executor } from './executor.js';
import type { Kernel } from './kernel.js';
import type { Storage, StorageType } from './storage.js';

export class Eager implements Executor {
  readonly #temporaries: Storage[] = [];
  readonly #dispatches: SingleDispatch[] = [];
  /** Compiling is asynchronous, so kernels queue here; {@link finish} waits for the last. */
  #tail: Promise<void> = Promise.resolve();

  constructor(readonly gpu: Gpu) {}

  temporary(label: string, bytes: number, type: StorageType = 'f32'): Storage {
    const storage = this.gpu.storage(label, bytes, type);
    this.#temporaries.push(storage);
    return storage;
  }

  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Partial<Record<B, Storage>>>,
    variant?: string,
  ): void {
    const checked = checkedDispatch(kernel, params, bindings, variant);
    const program = this.gpu.compiler.program(kernel, params, variant, storageTypes(checked));
    const dispatch = new SingleDispatch(this.gpu, program, checked.bindings);
    this.#dispatches.push(dispatch);
    this.#tail = this.#tail.then(async () => {
      const stages = await dispatch.stages();
      const encoder = this.gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const stage of stages) encodeStage(pass, stage);
      pass.end();
      this.gpu.device.queue.submit([encoder.finish()]);
    });
    this.#tail.catch(() => undefined);
  }

  /** Waits until every kernel has run. */
  async finish(): Promise<void> {
    try {
      await this.#tail;
      await this.gpu.finish();
    } finally {
      for (const dispatch of this.#dispatches.splice(0)) dispatch.destroy();
    }
  }

  /** Gives the temporaries' memory back. */
  destroy(): void {
    for (const storage of this.#temporaries.splice(0)) storage.destroy();
  }
}
