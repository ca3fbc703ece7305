import { KernelError } from './errors.js';
import { bufferOf, type Gpu, type Pipeline } from './gpu.js';
import type { Kernel } from './kernel.js';
import type { Storage } from './storage.js';

/**
 * Where operations send their kernels. {@link Eager} runs each at once; {@link Recorder} notes them, and its recording
 * runs them many times. The same operations give the same dispatches on both.
 */
export interface Executor {
  readonly gpu: Gpu;
  /**
   * Memory for an activation or a temporary. Its content is undefined until a kernel has written it.
   *
   * @param half whether it holds float16 instead of float32
   */
  temporary(label: string, bytes: number, half?: boolean): Storage;
  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Record<B, Storage>>,
    variant?: string,
  ): void;
}

/** @throws KernelError if a binding has not the size that the kernel declares for these parameters */
export function checkSizes<P extends object, B extends string>(
  kernel: Kernel<P, B>,
  params: P,
  bindings: Readonly<Record<B, Storage>>,
): Storage[] {
  return (Object.keys(kernel.bindings) as B[]).map((name) => {
    const storage = bindings[name];
    const need = kernel.bindings[name].length(params) * (storage.half ? 2 : 4);
    if (storage.bytes < need) {
      throw new KernelError(
        `${kernel.name}: binding "${name}" needs ${need} bytes, but "${storage.label}" has ${storage.bytes} (${JSON.stringify(params)})`,
      );
    }
    return storage;
  });
}

/** Names of the bindings that hold float16. */
export const halvesOf = (bindings: Readonly<Record<string, Storage>>): string[] =>
  Object.keys(bindings).filter((name) => bindings[name]?.half);

export function bindGroup(gpu: Gpu, pipeline: Pipeline, storages: readonly Storage[]): GPUBindGroup {
  return gpu.device.createBindGroup({
    label: pipeline.kernel,
    layout: pipeline.layout,
    entries: storages.map((storage, binding) => ({
      binding,
      resource: { buffer: bufferOf(storage), offset: storage.offset, size: storage.bytes },
    })),
  });
}

/** Runs every kernel by itself, in order, each in a submit of its own: for debugging and for tests. */
export class Eager implements Executor {
  readonly #temporaries: Storage[] = [];
  /** Compiling is asynchronous, so kernels queue here; {@link finish} waits for the last. */
  #tail: Promise<void> = Promise.resolve();

  constructor(readonly gpu: Gpu) {}

  temporary(label: string, bytes: number, half = false): Storage {
    const storage = this.gpu.storage(label, bytes, half);
    this.#temporaries.push(storage);
    return storage;
  }

  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Record<B, Storage>>,
    variant?: string,
  ): void {
    const pipeline = this.gpu.pipeline(kernel, params, variant, halvesOf(bindings));
    const group = bindGroup(this.gpu, pipeline, checkSizes(kernel, params, bindings));
    this.#tail = this.#tail.then(async () => {
      const compiled = await pipeline.ready;
      const encoder = this.gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(compiled);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...pipeline.grid);
      pass.end();
      this.gpu.device.queue.submit([encoder.finish()]);
    });
    this.#tail.catch(() => undefined);
  }

  /** Waits until every kernel has run. */
  async finish(): Promise<void> {
    await this.#tail;
    await this.gpu.finish();
  }

  /** Gives the temporaries' memory back. */
  destroy(): void {
    for (const { buffer } of this.#temporaries) buffer?.destroy();
    this.#temporaries.length = 0;
  }
}
