/** Replays a golden run on an executor: on the device, or on the kernels' CPU references. */
import { COUNTERS, type Executor, type Gpu, Recorder, ReferenceExecutor, type Storage } from '@anke/kernels';
import { Adam, Batches, type Optimizer, Session, SGD, type StepResult, sizeOf, type TensorEntry } from '@anke/nn';
import { type GoldenRun, goldenName, OPTIMIZERS, type OptimizerName } from './golden-run.js';

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
export function referenceMachine(gpu: Gpu): Machine {
  const executor = new ReferenceExecutor(gpu);
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

const make: Readonly<Record<OptimizerName, () => Optimizer>> = { adam: () => new Adam(), sgd: () => new SGD() };

/** What a replay needs of a golden run: the network, its images and labels, and the first weights. */
export type GoldenStart = Pick<GoldenRun, 'graph' | 'batch' | 'steps' | 'tensors'>;

const values = ({ tensors }: GoldenStart, name: string): ArrayLike<number> => (tensors.get(name) as TensorEntry).values;

/** Trains as the golden run did and returns the same tensors, as this machine computes them. */
export async function replay(gpu: Gpu, machine: Machine, golden: GoldenStart): Promise<Map<string, ArrayLike<number>>> {
  const outputs = new Map<string, ArrayLike<number>>();
  for (const name of OPTIMIZERS) {
    const session = Session.open(gpu, golden.graph);
    session.compile({ optimizer: make[name]() });
    try {
      await new Replay(session, machine, golden, outputs).run(name);
    } finally {
      session.destroy();
    }
  }
  return outputs;
}

/** The replay of one optimizer's steps. */
class Replay {
  constructor(
    readonly session: Session,
    readonly machine: Machine,
    readonly golden: GoldenStart,
    /** The tensors so far. */
    readonly outputs: Map<string, ArrayLike<number>>,
  ) {}

  async run(name: OptimizerName): Promise<void> {
    const { session, machine, golden, outputs } = this;
    const count = golden.batch * golden.steps;
    const shape = golden.graph.inputShape;
    const pixels = Uint8Array.from(values(golden, 'images')).subarray(0, count * sizeOf(shape));
    const labels = Uint32Array.from(values(golden, 'labels')).subarray(0, count);
    const data = session.data.acquire({ pixels, labels, shape, rescale: RESCALE }, 'golden');
    const batches = new Batches(session.gpu, { data, seed: 0 });
    const batch = { size: golden.batch, stride: golden.batch };
    try {
      this.#begin(batches, pixels, labels);
      const step = await machine.prepare((executor) => session.train(executor, batches, batch));
      const losses: number[] = [];
      for (let i = 0; i < golden.steps; i++) {
        await step.run();
        losses.push((await machine.read(step.result.loss.storage))[0] as number);
        if (i === 0 && name === 'adam') await this.#readFirstStep(step.result);
      }
      step.destroy();
      outputs.set(`${name}/losses`, losses);
      for (const { name: weight, storage } of session.memory.slots)
        outputs.set(`${name}/final/${goldenName(weight)}`, await machine.read(storage));
      machine.write(batches.counters, new Uint32Array(COUNTERS), 'u32');
      const evaluation = await machine.prepare((executor) => session.evaluate(executor, batches, batch));
      await evaluation.run();
      outputs.set(`${name}/eval_logits`, await machine.read(evaluation.result.logits.storage));
      evaluation.destroy();
    } finally {
      batches.destroy();
    }
  }

  /** The references have memory of their own, which starts at zero: all that a step reads is given to the machine. */
  #begin({ source, counters, totals }: Batches, pixels: Uint8Array, labels: Uint32Array): void {
    const { session, machine, golden } = this;
    const { memory, training } = session;
    const words = new Uint32Array(Math.ceil(pixels.length / 4));
    new Uint8Array(words.buffer).set(pixels);
    machine.write(source.pixels, words, 'u32');
    machine.write(source.labels, labels, 'u32');
    machine.write(
      source.order,
      Uint32Array.from(labels, (_, row) => row),
      'u32',
    );
    machine.write(counters, new Uint32Array(COUNTERS), 'u32');
    machine.write(totals, [0, 0, 0], 'f32');
    machine.write(memory.rate, [training.learningRate], 'f32');
    for (const buffer of Object.values(training.buffers))
      machine.write(buffer, new Float32Array(buffer.bytes / 4), 'f32');
    for (const { name, spec, storage } of memory.slots) {
      const initial = golden.tensors.get(`init/${goldenName(name)}`)?.values;
      const fresh = new Float32Array(sizeOf(spec.shape)).fill(spec.initializer === 'ones' ? 1 : 0);
      machine.write(storage, initial ?? fresh, 'f32');
    }
  }

  /** Logits, gradients and moving averages after the first step. */
  async #readFirstStep({ logits }: StepResult): Promise<void> {
    const { machine, outputs } = this;
    outputs.set('step1/logits', await machine.read(logits.storage));
    for (const { name, storage, gradient } of this.session.memory.slots) {
      const key = gradient ? `step1/grad/${goldenName(name)}` : `step1/${goldenName(name)}`;
      outputs.set(key, await machine.read(gradient ?? storage));
    }
  }
}
