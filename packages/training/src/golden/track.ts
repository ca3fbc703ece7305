/**
 * A golden run's training by one optimizer, step by step, on a machine: on the device, or by the kernels' references.
 * Two machines may train side by side on one session, as each has memory of its own.
 */
import { COUNTERS, type Executor, type Gpu, Recorder, ReferenceExecutor, type Storage } from '@anke/kernels';
import { Batches, type DeviceData, type Session, type StepResult, sizeOf } from '@anke/nn';
import { type GoldenRun, goldenName, type OptimizerName } from './golden-run.js';

/** Pixels are bytes; the network sees 0 … 1. */
const RESCALE = 1 / 255;

/** A step that can be run many times. */
export interface PreparedStep {
  run(): Promise<void>;
  readonly result: StepResult;
  destroy(): void;
}

/** A way to run steps and to look at memory. */
export interface Machine {
  prepare(step: (executor: Executor) => StepResult): Promise<PreparedStep>;
  read(storage: Storage): Promise<ArrayLike<number>>;
  write(storage: Storage, values: ArrayLike<number>, type: 'f32' | 'u32'): void;
}

/** The recorded step on the device: just what training runs, or with `fuse: false` its plain dispatches. */
export function deviceMachine(gpu: Gpu, { fuse = true }: { readonly fuse?: boolean } = {}): Machine {
  return {
    prepare: async (step) => {
      const recorder = new Recorder(gpu, { fuse });
      const result = step(recorder);
      for (const { storage } of [result.logits, result.loss]) recorder.keep(storage);
      const recording = await recorder.finish();
      return { result, run: async () => recording.submit(), destroy: () => recording.destroy() };
    },
    read: (storage) => gpu.readFloats(storage),
    write: (storage, values, type) =>
      gpu.write(storage, type === 'f32' ? Float32Array.from(values) : Uint32Array.from(values)),
  };
}

/** The kernels' references, in float64. */
export function referenceMachine(
  gpu: Gpu,
  executor: Executor & Pick<ReferenceExecutor, 'values'> = new ReferenceExecutor(gpu),
): Machine {
  return {
    // Nothing is recorded: each run computes the step again, and its results replace those of the run before.
    prepare: async (step) => {
      let result: StepResult | undefined;
      return {
        run: async () => {
          result = step(executor);
        },
        get result(): StepResult {
          if (!result) throw new Error('the step has not been run');
          return result;
        },
        destroy: () => undefined,
      };
    },
    read: async (storage) => executor.values(storage).slice(),
    write: (storage, values) => executor.values(storage).set(Array.from(values)),
  };
}

/** What training needs of a golden run: the network, its images and labels, and the first weights. */
export type GoldenStart = Pick<GoldenRun, 'graph' | 'batch' | 'steps' | 'tensors'>;

export type Tensors = Map<string, ArrayLike<number>>;

export class Track {
  readonly #batches: Batches;
  readonly #batch: { readonly size: number; readonly stride: number };
  #step: PreparedStep | undefined;

  private constructor(
    readonly session: Session,
    readonly machine: Machine,
    readonly golden: GoldenStart,
    data: DeviceData,
  ) {
    this.#batches = new Batches(session.gpu, { data, seed: 0 });
    this.#batch = { size: golden.batch, stride: golden.batch };
  }

  /** A machine before the first step, with the golden run's first weights. */
  static async start(session: Session, machine: Machine, golden: GoldenStart): Promise<Track> {
    const count = golden.batch * golden.steps;
    const shape = golden.graph.inputShape;
    const tensor = (name: string): ArrayLike<number> => golden.tensors.get(name)?.values ?? [];
    const pixels = Uint8Array.from(tensor('images')).subarray(0, count * sizeOf(shape));
    const labels = Uint32Array.from(tensor('labels')).subarray(0, count);
    const data = session.data.acquire({ pixels, labels, shape, rescale: RESCALE }, 'golden');
    const track = new Track(session, machine, golden, data);
    track.#begin(pixels, labels);
    track.#step = await machine.prepare((executor) => session.train(executor, track.#batches, track.#batch));
    return track;
  }

  /** The references have memory of their own, which starts at zero: all that a step reads is given to the machine. */
  #begin(pixels: Uint8Array, labels: Uint32Array): void {
    const { session, machine, golden } = this;
    const { source, totals } = this.#batches;
    const words = new Uint32Array(Math.ceil(pixels.length / 4));
    new Uint8Array(words.buffer).set(pixels);
    machine.write(source.pixels, words, 'u32');
    machine.write(source.labels, labels, 'u32');
    machine.write(
      source.order,
      Uint32Array.from(labels, (_, row) => row),
      'u32',
    );
    this.#count(0);
    machine.write(totals, [0, 0, 0], 'f32');
    machine.write(session.memory.rate, [session.training.learningRate], 'f32');
    for (const buffer of Object.values(session.training.buffers))
      machine.write(buffer, new Float32Array(buffer.bytes / 4), 'f32');
    for (const { name, spec, storage } of session.memory.slots) {
      const initial = golden.tensors.get(`init/${goldenName(name)}`)?.values;
      const fresh = new Float32Array(sizeOf(spec.shape)).fill(spec.initializer === 'ones' ? 1 : 0);
      machine.write(storage, initial ?? fresh, 'f32');
    }
  }

  #count(step: number): void {
    // The step's number and its index in the epoch; all else begins at zero.
    const counters = new Uint32Array(COUNTERS).fill(step, 0, 2);
    this.machine.write(this.#batches.counters, counters, 'u32');
  }

  async step(): Promise<void> {
    await this.#step?.run();
  }

  /** What the next step starts from: weights, averages, and what the optimizer keeps. */
  async state(): Promise<ReadonlyMap<Storage, ArrayLike<number>>> {
    const { memory, training } = this.session;
    const storages = [...memory.slots.map(({ storage }) => storage), ...Object.values(training.buffers)];
    const state = new Map<Storage, ArrayLike<number>>();
    for (const storage of storages) state.set(storage, await this.machine.read(storage));
    return state;
  }

  /** Goes back to, or on from, a state of this or another machine before step `step`, counted from 0. */
  restore(state: ReadonlyMap<Storage, ArrayLike<number>>, step: number): void {
    for (const [storage, values] of state) this.machine.write(storage, values, 'f32');
    this.#count(step);
  }

  async loss(): Promise<number> {
    return (await this.machine.read(this.#result().loss.storage))[0] as number;
  }

  /** Logits, gradients and moving averages after a step, called as those of the first. */
  async firstStep(): Promise<Tensors> {
    const { machine, session } = this;
    const tensors: Tensors = new Map([['step1/logits', await machine.read(this.#result().logits.storage)]]);
    for (const { name, storage, gradient } of session.memory.slots) {
      const key = gradient ? `step1/grad/${goldenName(name)}` : `step1/${goldenName(name)}`;
      tensors.set(key, await machine.read(gradient ?? storage));
    }
    return tensors;
  }

  /** Weights and moving averages as they are now, called as those at the end. */
  async weights(optimizer: OptimizerName): Promise<Tensors> {
    const tensors: Tensors = new Map();
    for (const { name, storage } of this.session.memory.slots)
      tensors.set(`${optimizer}/final/${goldenName(name)}`, await this.machine.read(storage));
    return tensors;
  }

  /** The first batch's logits in inference mode. */
  async evaluate(): Promise<ArrayLike<number>> {
    this.#count(0);
    const step = await this.machine.prepare((executor) => this.session.evaluate(executor, this.#batches, this.#batch));
    await step.run();
    const logits = await this.machine.read(step.result.logits.storage);
    step.destroy();
    return logits;
  }

  destroy(): void {
    this.#step?.destroy();
    this.#batches.destroy();
  }

  #result(): StepResult {
    if (!this.#step) throw new Error('no step has been prepared');
    return this.#step.result;
  }
}
