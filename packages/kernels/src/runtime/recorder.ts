/**
 * The recorded step. Operations run once against a {@link Recorder}, which notes their dispatches; `finish` plans the
 * memory of the temporaries, compiles all shaders side by side and binds the buffers. The {@link Recording} that comes
 * out is replayed: encoding it allocates, compiles and looks up nothing.
 */
import { KernelError } from './errors.js';
import { bindGroup, checkSizes, type Executor, halvesOf } from './executor.js';
import type { Gpu, Pipeline } from './gpu.js';
import type { Cost, Kernel } from './kernel.js';
import { type Lifetime, planMemory } from './plan.js';
import { Storage } from './storage.js';

/** A dispatch as an operation asked for it. */
export interface Request {
  readonly kernel: Kernel;
  readonly params: object;
  /** The variant, if one was forced. */
  readonly variant: string | undefined;
  readonly storages: readonly Storage[];
  /** Names of the bindings that hold float16. */
  readonly halves: readonly string[];
}

interface Entry {
  readonly pipeline: Pipeline;
  readonly storages: readonly Storage[];
  readonly cost: Cost;
}

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: readonly [number, number, number];
}

export interface MemoryUse {
  /** Bytes of the buffers that the temporaries share. */
  readonly planned: number;
  /** Most bytes of temporaries alive at one dispatch: no plan can need less. */
  readonly peak: number;
  /** Bytes if every temporary had a buffer of its own. */
  readonly naive: number;
}

export interface DispatchTime {
  readonly kernel: string;
  readonly variant: string;
  readonly milliseconds: number;
  readonly cost: Cost;
}

export class Recorder implements Executor {
  readonly #requests: Request[] = [];
  readonly #temporaries: Storage[] = [];
  readonly #kept = new Set<Storage>();

  constructor(readonly gpu: Gpu) {}

  temporary(label: string, bytes: number, half = false): Storage {
    const storage = new Storage(label, Math.max(4, Math.ceil(bytes / 4) * 4), undefined, 0, half);
    this.#temporaries.push(storage);
    return storage;
  }

  /** What has been dispatched so far. */
  get requests(): readonly Request[] {
    return this.#requests;
  }

  /** Keeps a temporary's content until the recording is replayed again, so that it can be read. */
  keep(storage: Storage): void {
    this.#kept.add(storage);
  }

  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Record<B, Storage>>,
    variant?: string,
  ): void {
    const storages = checkSizes(kernel, params, bindings);
    this.#requests.push({ kernel: kernel as unknown as Kernel, params, variant, storages, halves: halvesOf(bindings) });
  }

  /**
   * Lets the device's tuner choose the variants, before anything else of this recording keeps the device busy.
   *
   * @param onDone is called for each dispatch, when its variant is chosen
   */
  async tune(onDone?: () => void): Promise<void> {
    await this.gpu.tuner.tune(
      this.gpu,
      this.#requests.filter(({ variant }) => variant === undefined),
      onDone,
    );
  }

  /**
   * Chooses the variants where {@link tune} has not, places the temporaries, waits for the compiler and binds everything.
   *
   * @param onDone is called for each dispatch, when its shader is compiled
   * @throws KernelError if a shader does not compile
   * @throws DeviceError if the memory is not to be had
   */
  async finish(onDone: () => void = () => undefined): Promise<Recording> {
    await this.tune();
    const entries = this.#requests.map(
      ({ kernel, params, variant, storages, halves }): Entry => ({
        pipeline: this.gpu.pipeline(kernel, params, variant, halves),
        storages,
        cost: costOf(kernel, params, halves),
      }),
    );
    const lifetimes = this.#temporaries.map((storage): Lifetime => {
      const touched = entries.flatMap(({ storages }, i) => (storages.includes(storage) ? [i] : []));
      const first = touched[0];
      if (first === undefined) throw new KernelError(`the temporary "${storage.label}" is never used`);
      const last = this.#kept.has(storage) ? entries.length : (touched.at(-1) as number);
      return { bytes: storage.bytes, first, last };
    });
    const plan = planMemory(lifetimes);
    const compiled = Promise.all(
      entries.map(async ({ pipeline }) => {
        const ready = await pipeline.ready;
        onDone();
        return ready;
      }),
    );
    let buffers: Storage[];
    try {
      buffers = plan.sizes.map((bytes, i) => this.gpu.storage(`arena ${i}`, bytes));
    } catch (error) {
      // Let the compiler's threads come to their end: the caller may be about to leave.
      await compiled.catch(() => undefined);
      throw error;
    }
    this.#temporaries.forEach((storage, i) => {
      const shared = (buffers[plan.buffer[i] as number] as Storage).buffer;
      if (shared) storage.buffer = shared;
    });
    const pipelines = await compiled;
    const steps = entries.map(
      ({ pipeline, storages }, i): Step => ({
        pipeline: pipelines[i] as GPUComputePipeline,
        group: bindGroup(this.gpu, pipeline, storages),
        grid: pipeline.grid,
      }),
    );
    this.gpu.check();
    const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);
    const alive = entries.map((_, i) =>
      total(lifetimes.filter((l) => l.first <= i && i <= l.last).map((l) => l.bytes)),
    );
    const memory = {
      planned: total(plan.sizes),
      peak: Math.max(0, ...alive),
      naive: total(lifetimes.map((l) => l.bytes)),
    };
    return new Recording(this.gpu, steps, entries, buffers, memory);
  }
}

/** The cost of a dispatch of which some bindings hold float16: half of their bytes. */
function costOf(kernel: Kernel, params: object, halves: readonly string[]): Cost {
  const { flops, bytes } = kernel.cost(params);
  const saved = halves.reduce((sum, name) => sum + 2 * (kernel.bindings[name]?.length(params) ?? 0), 0);
  return { flops, bytes: bytes - saved };
}

export class Recording {
  constructor(
    readonly gpu: Gpu,
    private readonly steps: readonly Step[],
    private readonly entries: readonly Entry[],
    private readonly buffers: readonly Storage[],
    readonly memory: MemoryUse,
  ) {}

  get dispatches(): number {
    return this.steps.length;
  }

  /** Submits `times` replays as one command buffer. */
  submit(times = 1): void {
    const encoder = this.gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < times; i++) {
      for (const { pipeline, group, grid } of this.steps) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
      }
    }
    pass.end();
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /**
   * Replays once with a pass of its own for each dispatch, timed by the device.
   *
   * @throws KernelError if the device has no timestamp queries
   */
  async time(): Promise<DispatchTime[]> {
    const { device } = this.gpu;
    if (!device.features.has('timestamp-query')) throw new KernelError('this device has no timestamp queries');
    const count = this.steps.length * 2;
    const queries = device.createQuerySet({ type: 'timestamp', count });
    const resolved = device.createBuffer({ size: count * 8, usage: 0x0200 | 0x04 }); // QUERY_RESOLVE | COPY_SRC
    const encoder = device.createCommandEncoder();
    this.steps.forEach(({ pipeline, group, grid }, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet: queries, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
      pass.end();
    });
    encoder.resolveQuerySet(queries, 0, count, resolved, 0);
    device.queue.submit([encoder.finish()]);
    const ticks = new BigUint64Array(await this.gpu.read(new Storage('timestamps', count * 8, resolved)));
    queries.destroy();
    resolved.destroy();
    return this.entries.map(({ pipeline: { kernel, variant }, cost }, i) => ({
      kernel,
      variant,
      cost,
      milliseconds: Number((ticks[2 * i + 1] as bigint) - (ticks[2 * i] as bigint)) / 1e6,
    }));
  }

  /** Gives the temporaries' memory back. */
  destroy(): void {
    for (const { buffer } of this.buffers) buffer?.destroy();
  }
}
