/** Where operations send their kernels. The same operations send the same dispatches to every executor. */
import type { Gpu } from './device.js';
import type { Kernel } from './kernel.js';
import type { Storage, StorageType } from './storage.js';

/**
 * `Eager` runs each kernel at once; `Recorder` notes them all, lets a pass fuse them, and its recording runs them many
 * times; `ReferenceExecutor` runs the CPU references.
 */
export interface Executor {
  readonly gpu: Gpu;
  /** Is told which part of a step the next dispatches belong to, where an executor wants to know. */
  scope?(name: string): void;
  /** Memory for an activation or a temporary. Its content is undefined until a kernel has written it. */
  temporary(label: string, bytes: number, type?: StorageType): Storage;
  /**
   * @param variant forces a variant of the kernel
   * @throws KernelError if a binding that the parameters need is missing or too small
   */
  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Partial<Record<B, Storage>>>,
    variant?: string,
  ): void;
}
