/**
 * The recorded step. Operations run once against a {@link Recorder}, which notes their dispatches. `finish` fuses them,
 * plans the memory of the temporaries, compiles all shaders side by side and binds the buffers. The {@link Recording}
 * that comes out is replayed: encoding it allocates, compiles and looks up nothing.
 */
import { countingClamped } from '../finite/clamped.js';
import { fuse } from '../fusion/fuse.js';
import { type BoundStage, bindGroup } from './bound.js';
import type { Pipeline, StageProgram } from './compiler.js';
import type { Gpu } from './device.js';
import { checkedDispatch, type Dispatch, storageTypes } from './dispatch.js';
import { DeviceMemoryError, KernelError } from './errors.js';
import type { Executor } from './executor.js';
import type { Cost, Kernel } from './kernel.js';
import { SlowCompileError } from './patience.js';
import { type Lifetime, planMemory } from './plan.js';
import { Recording } from './recording.js';
import { type PassedSizes, passSizes } from './sizes.js';
import { Storage, type StorageType } from './storage.js';

/** A shader of the step, before it has its memory. */
interface Entry {
  readonly dispatch: Dispatch;
  readonly kernel: string;
  readonly variant: string;
  readonly stage: StageProgram;
  readonly storages: Readonly<Record<string, Storage>>;
  readonly cost: Cost;
}

const NO_COST: Cost = { flops: 0, bytes: 0 };

export interface RecorderOptions {
  /** Whether the fusion pass joins dispatches, as it does if absent; if not, they run as they were sent. */
  readonly fuse?: boolean;
  /** Counters that note how many values lay beyond what 16 bits can store (`COUNTER.clamped`); none if absent. */
  readonly clamped?: Storage | undefined;
}

export class Recorder implements Executor {
  readonly #plain: Dispatch[] = [];
  readonly #temporaries = new Set<Storage>();
  readonly #kept = new Set<Storage>();
  readonly #fuse: boolean;
  readonly #clamped: Storage | undefined;
  #program: readonly Dispatch[] | undefined;

  constructor(
    readonly gpu: Gpu,
    { fuse = true, clamped }: RecorderOptions = {},
  ) {
    this.#fuse = fuse;
    this.#clamped = clamped;
  }

  temporary(label: string, bytes: number, type: StorageType = 'f32'): Storage {
    const storage = new Storage(label, Math.max(4, Math.ceil(bytes / 4) * 4), undefined, 0, type);
    this.#temporaries.add(storage);
    return storage;
  }

  /** Keeps a temporary's content until the recording is replayed again, so that it can be read. */
  keep(storage: Storage): void {
    this.#kept.add(storage);
  }

  dispatch<P extends object, B extends string>(
    kernel: Kernel<P, B>,
    params: P,
    bindings: Readonly<Partial<Record<B, Storage>>>,
    variant?: string,
  ): void {
    if (this.#program) throw new KernelError(`${kernel.name}: this recorder's program is complete already`);
    this.#plain.push(checkedDispatch(kernel, params, bindings, variant));
  }

  /**
   * The dispatches that will run: those that were sent, fused and with counts if asked. Once it was read, nothing more
   * can be sent.
   */
  get program(): readonly Dispatch[] {
    this.#program ??= this.#complete();
    return this.#program;
  }

  #complete(): readonly Dispatch[] {
    const isTemporary = (storage: Storage): boolean => this.#temporaries.has(storage) && !this.#kept.has(storage);
    const { maxStorageBuffersPerShaderStage: storageBuffers } = this.gpu.device.limits;
    const dispatches = this.#fuse ? fuse(this.#plain, { isTemporary, storageBuffers }) : this.#plain;
    return this.#clamped ? countingClamped(dispatches, this.#clamped) : dispatches;
  }

  /** The largest of the temporaries that the program needs, if it needs any. */
  get largest(): Storage | undefined {
    const all = this.program.flatMap(({ bindings }) => Object.values(bindings));
    const temporaries = all.filter((storage) => this.#temporaries.has(storage));
    return temporaries.reduce<Storage | undefined>((a, b) => (a && a.bytes >= b.bytes ? a : b), undefined);
  }

  /**
   * Lets the device's tuner choose the variants, before anything else of this recording keeps the device busy.
   *
   * @param onDone is called for each dispatch, when its variant is chosen
   * @throws DeviceMemoryError if a temporary is larger than what the device can bind
   */
  async tune(onDone?: () => void): Promise<void> {
    const { largest } = this;
    const limit = this.gpu.maxBinding;
    if (largest && largest.bytes > limit)
      throw new DeviceMemoryError({ label: largest.label, bytes: largest.bytes, limit });
    const open = this.program.filter(({ variant }) => variant === undefined);
    const requests = open.map(({ kernel, params, bindings }) => ({
      kernel,
      params,
      types: storageTypes({ bindings }),
    }));
    await this.gpu.tuner.tune(this.gpu, requests, onDone);
  }

  /**
   * Chooses the variants where {@link tune} has not, plans the memory, waits for the compiler and binds everything. If
   * the driver does not compile some variants in time, all is planned again with others in their place.
   *
   * @param onDone is called for each dispatch, when its shaders are compiled
   * @throws KernelError if a shader does not compile
   * @throws DeviceMemoryError if the device has not the memory; what was allocated is then given back
   */
  async finish(onDone: () => void = () => undefined): Promise<Recording> {
    await this.tune();
    const done = new Set<Dispatch>();
    const tellOnce = (dispatch: Dispatch): void => {
      if (!done.has(dispatch)) onDone();
      done.add(dispatch);
    };
    // What an attempt has compiled stays compiled until the next one has it.
    const releases: (() => void)[] = [];
    try {
      for (;;) {
        try {
          return await this.#attempt(tellOnce, releases);
        } catch (error) {
          if (!(error instanceof SlowCompileError)) throw error;
        }
      }
    } finally {
      for (const release of releases) release();
    }
  }

  /** @throws SlowCompileError if some variants were given up; others run in the next attempt */
  async #attempt(onDone: (dispatch: Dispatch) => void, releases: (() => void)[]): Promise<Recording> {
    const entries = this.program.flatMap((dispatch) => this.#entriesOf(dispatch));
    const { buffers, memory } = this.#allocate(entries);
    const sizes = passSizes(
      this.gpu,
      entries.map(({ stage }) => stage),
    );
    const free = (): void => {
      for (const buffer of buffers) buffer.destroy();
      sizes.destroy();
    };
    try {
      // Nothing is compiled for a step that has no memory.
      await this.gpu.confirm(new Set(entries.flatMap(({ storages }) => Object.values(storages))));
      const { stages, release } = await this.#bind({ entries, sizes: sizes.of }, onDone, releases);
      return new Recording(this.gpu, stages, entries, memory, () => {
        release();
        free();
      });
    } catch (error) {
      free();
      throw error;
    }
  }

  /** Waits for the compiler, and binds the memory. After a failure, `releases` gives back what was compiled. */
  async #bind(
    { entries, sizes }: { readonly entries: readonly Entry[]; readonly sizes: PassedSizes['of'] },
    onDone: (dispatch: Dispatch) => void,
    releases: (() => void)[],
  ) {
    const { compiler } = this.gpu;
    const pipelines = entries.map(({ stage }) => compiler.acquire(stage));
    const release = (): void => {
      for (const pipeline of pipelines) compiler.release(pipeline);
    };
    const compiling = entries.map(async ({ dispatch, variant }, i) => {
      try {
        const ready = await (pipelines[i] as Pipeline).ready;
        if (!variant.endsWith(JOIN)) onDone(dispatch);
        return ready;
      } catch (error) {
        if (error instanceof SlowCompileError)
          await compiler.giveUp({ ...dispatch, types: storageTypes(dispatch) }, variant.replace(JOIN, ''));
        throw error;
      }
    });
    try {
      const ready = await Promise.all(compiling);
      const stages = entries.map(
        ({ stage, storages }, i): BoundStage => ({
          pipeline: ready[i] as GPUComputePipeline,
          group: bindGroup(this.gpu, stage, pipelines[i] as Pipeline, { storages, sizes: sizes[i] }),
          grid: stage.grid,
        }),
      );
      this.gpu.check();
      return { stages, release };
    } catch (error) {
      // Wait for the compiler's threads: the caller may be about to end the process.
      await Promise.allSettled(compiling);
      releases.push(release);
      throw error;
    }
  }

  /** A dispatch's shaders, with scratch memory as further temporaries. */
  #entriesOf(dispatch: Dispatch): Entry[] {
    const { kernel, params, bindings, variant: forced } = dispatch;
    const types = storageTypes(dispatch);
    const { variant, stages, scratch } = this.gpu.compiler.program(kernel, params, forced, types);
    const storages: Record<string, Storage> = { ...bindings };
    for (const [name, length] of Object.entries(scratch))
      storages[name] = this.temporary(`${kernel.name} ${name}`, length * 4);
    return stages.map((stage, i) => ({
      dispatch,
      kernel: kernel.name,
      variant: i === 0 ? variant : `${variant}${JOIN}`,
      stage,
      storages: Object.fromEntries(stage.bindings.map(({ name }) => [name, storages[name] as Storage])),
      cost: i === 0 ? costOf(dispatch) : NO_COST,
    }));
  }

  /** Gives temporaries whose lives do not overlap the same buffers. */
  #allocate(entries: readonly Entry[]) {
    const touched = new Map<Storage, number[]>();
    entries.forEach(({ storages }, i) => {
      for (const storage of new Set(Object.values(storages))) {
        if (!this.#temporaries.has(storage)) continue;
        touched.set(storage, [...(touched.get(storage) ?? []), i]);
      }
    });
    for (const storage of this.#kept)
      if (this.#temporaries.has(storage) && !touched.has(storage))
        throw new KernelError(`the temporary "${storage.label}" is kept, but no kernel writes it`);
    const used = [...touched.keys()];
    const lifetimes = used.map((storage): Lifetime => {
      const indices = touched.get(storage) as number[];
      const last = this.#kept.has(storage) ? entries.length : (indices.at(-1) as number);
      return { bytes: storage.bytes, first: indices[0] as number, last };
    });
    const plan = planMemory(lifetimes);
    const buffers = plan.sizes.map((bytes, i) => {
      // Named after the one that needs the most, in case that it is too much.
      const largest = used.find((storage, j) => plan.buffer[j] === i && storage.bytes === bytes);
      return this.gpu.storage((largest as Storage).label, bytes);
    });
    used.forEach((storage, i) => {
      const { buffer } = buffers[plan.buffer[i] as number] as Storage;
      if (buffer) storage.buffer = buffer;
    });
    const total = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0);
    const alive = entries.map((_, i) =>
      total(lifetimes.filter((l) => l.first <= i && i <= l.last).map((l) => l.bytes)),
    );
    return {
      buffers,
      memory: {
        planned: total(plan.sizes),
        peak: Math.max(0, ...alive),
        naive: total(lifetimes.map((l) => l.bytes)),
        buffers: plan.sizes,
        temporaries: used.map(({ label }, i) => ({
          ...(lifetimes[i] as Lifetime),
          label,
          buffer: plan.buffer[i] as number,
        })),
      },
    };
  }
}

const JOIN = ' join';

/** The cost of a dispatch of which some bindings are stored as 16 bits: half of their bytes. */
function costOf({ kernel, params, bindings }: Dispatch): Cost {
  const { flops, bytes } = kernel.cost(params);
  const small = Object.entries(bindings).filter(([, { type }]) => type === 'f16');
  const saved = small.reduce((sum, [name]) => sum + 2 * (kernel.bindings[name]?.length(params) ?? 0), 0);
  return { flops, bytes: bytes - saved };
}
