/** Shaders with their memory: what an encoder needs to run a dispatch. */
import type { Pipeline, StageProgram, VariantProgram } from './compiler.js';
import type { Gpu } from './device.js';
import type { Grid } from './kernel.js';
import { type PassedSizes, passSizes } from './sizes.js';
import { bufferOf, type Storage } from './storage.js';

/** A compiled shader, its bind group and its grid. */
export interface BoundStage {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: Grid;
}

/** What a stage is bound to: the memory that it names, and its sizes if it has any. */
export interface StageMemory {
  readonly storages: Readonly<Record<string, Storage>>;
  readonly sizes: Storage | undefined;
}

/** A bind group of a stage's memory. */
export function bindGroup(
  gpu: Gpu,
  { label, bindings }: StageProgram,
  { layout }: Pipeline,
  { storages, sizes }: StageMemory,
): GPUBindGroup {
  const bound = [...bindings.map(({ name }) => storages[name] as Storage), ...(sizes ? [sizes] : [])];
  const entries = bound.map((storage, binding) => ({
    binding,
    resource: { buffer: bufferOf(storage), offset: storage.offset, size: storage.bytes },
  }));
  return gpu.device.createBindGroup({ label, layout, entries });
}

export function encodeStage(pass: GPUComputePassEncoder, { pipeline, group, grid }: BoundStage): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
}

/** A dispatch that runs by itself, with scratch memory of its own: for eager execution and for timing. */
export class SingleDispatch {
  readonly #scratch: Storage[] = [];
  readonly #pipelines: Pipeline[];
  readonly #storages: Readonly<Record<string, Storage>>;
  readonly #sizes: PassedSizes;

  constructor(
    readonly gpu: Gpu,
    readonly program: VariantProgram,
    bindings: Readonly<Record<string, Storage>>,
  ) {
    const storages: Record<string, Storage> = { ...bindings };
    for (const [name, length] of Object.entries(program.scratch)) {
      const storage = gpu.storage(name, length * 4);
      this.#scratch.push(storage);
      storages[name] = storage;
    }
    this.#storages = storages;
    this.#sizes = passSizes(gpu, program.stages);
    this.#pipelines = program.stages.map((stage) => gpu.compiler.acquire(stage));
  }

  /** Waits for the compiler and binds the memory. */
  async stages(): Promise<BoundStage[]> {
    await this.gpu.confirm(Object.values(this.#storages));
    return Promise.all(
      this.program.stages.map(async (stage, i) => {
        const pipeline = this.#pipelines[i] as Pipeline;
        return {
          pipeline: await pipeline.ready,
          group: bindGroup(this.gpu, stage, pipeline, { storages: this.#storages, sizes: this.#sizes.of[i] }),
          grid: stage.grid,
        };
      }),
    );
  }

  destroy(): void {
    for (const pipeline of this.#pipelines) this.gpu.compiler.release(pipeline);
    for (const storage of this.#scratch) storage.destroy();
    this.#sizes.destroy();
  }
}
