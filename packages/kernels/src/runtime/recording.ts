/** A step that is ready to be replayed: pipelines, bind groups and grids in order. */
import { type BoundStage, encodeStage } from './bound.js';
import type { StageProgram } from './compiler.js';
import type { Gpu } from './device.js';
import { KernelError } from './errors.js';
import type { Cost } from './kernel.js';
import type { Lifetime } from './plan.js';
import type { Readback } from './readback.js';
import { Storage } from './storage.js';

export interface MemoryUse {
  /** Bytes of the buffers that the temporaries share. */
  readonly planned: number;
  /** Most bytes of temporaries alive at one dispatch: no plan can need less. */
  readonly peak: number;
  /** Bytes if every temporary had a buffer of its own. */
  readonly naive: number;
  /** Bytes of each of the buffers. */
  readonly buffers: readonly number[];
  /** Every temporary, with the number of its buffer and the dispatches that it lives from and to. */
  readonly temporaries: readonly PlannedTemporary[];
}

export interface PlannedTemporary extends Lifetime {
  readonly label: string;
  readonly buffer: number;
}

/** What is known about a dispatch besides its pipeline. */
export interface DispatchInfo {
  readonly kernel: string;
  readonly variant: string;
  readonly cost: Cost;
  /** Its shader as it was compiled, with its grid. */
  readonly stage: StageProgram;
  /** What it reads and writes, by the names of the bindings. */
  readonly storages: Readonly<Record<string, Storage>>;
}

export interface DispatchTime extends Omit<DispatchInfo, 'stage' | 'storages'> {
  readonly milliseconds: number;
}

/** A dispatch of one replay. */
export interface TimedDispatch extends DispatchTime {
  /** Milliseconds from when the replay's first dispatch began. */
  readonly start: number;
}

const QUERY_RESOLVE = 0x0200;
const COPY_SRC = 0x04;

export class Recording {
  #destroyed = false;

  /** @param free gives back what the recording has acquired */
  constructor(
    readonly gpu: Gpu,
    private readonly stages: readonly BoundStage[],
    readonly infos: readonly DispatchInfo[],
    readonly memory: MemoryUse,
    private readonly free: () => void,
  ) {}

  get dispatches(): number {
    return this.stages.length;
  }

  /**
   * Submits `times` replays as one command buffer.
   *
   * @param readback what is to be copied behind them
   */
  submit(times = 1, readback?: Readback): void {
    const encoder = this.gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (let i = 0; i < times; i++) for (const stage of this.stages) encodeStage(pass, stage);
    pass.end();
    readback?.encode(encoder);
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /**
   * Replays once with a pass of its own for each dispatch, timed by the device.
   *
   * @throws KernelError if the device has no timestamp queries
   */
  async time(): Promise<TimedDispatch[]> {
    const { device } = this.gpu;
    if (!device.features.has('timestamp-query')) throw new KernelError('this device has no timestamp queries');
    const count = this.stages.length * 2;
    const queries = device.createQuerySet({ type: 'timestamp', count });
    const resolved = device.createBuffer({ size: count * 8, usage: QUERY_RESOLVE | COPY_SRC });
    const encoder = device.createCommandEncoder();
    this.stages.forEach((stage, i) => {
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet: queries, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
      });
      encodeStage(pass, stage);
      pass.end();
    });
    encoder.resolveQuerySet(queries, 0, count, resolved, 0);
    device.queue.submit([encoder.finish()]);
    const ticks = new BigUint64Array(await this.gpu.read(new Storage('timestamps', count * 8, resolved)));
    queries.destroy();
    resolved.destroy();
    const between = (from: number, to: number): number => Number((ticks[to] as bigint) - (ticks[from] as bigint)) / 1e6;
    return this.infos.map(({ kernel, variant, cost }, i) => ({
      ...{ kernel, variant, cost },
      start: between(0, 2 * i),
      milliseconds: between(2 * i, 2 * i + 1),
    }));
  }

  /** Gives the temporaries' memory and the pipelines back. */
  destroy(): void {
    if (!this.#destroyed) this.free();
    this.#destroyed = true;
  }
}
