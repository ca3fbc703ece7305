/** A copy of buffers on the device, which can be put back: the last good state of a model that is trained. */
import type { Gpu, Storage } from '@anke/kernels';

export class Backup {
  readonly #pairs: readonly (readonly [original: Storage, copy: Storage])[];

  constructor(
    readonly gpu: Gpu,
    originals: readonly Storage[],
  ) {
    this.#pairs = originals.map((original) => [original, gpu.flatStorage(`copy of ${original.label}`, original.bytes)]);
  }

  take(): void {
    for (const [original, copy] of this.#pairs) this.gpu.copy(original, copy);
  }

  restore(): void {
    for (const [original, copy] of this.#pairs) this.gpu.copy(copy, original);
  }

  destroy(): void {
    for (const [, copy] of this.#pairs) copy.destroy();
  }
}
