/** Replays a golden run on an executor: on the device, or on the kernels' CPU references. */
import { type Executor, type Gpu, Recorder, type Recording, ReferenceExecutor, type Storage } from '@anke/kernels';
import {
  Adam,
  DeviceData,
  evaluateStep,
  type Optimizer,
  type Sequential,
  SGD,
  type StepResult,
  sizeOf,
  sparseCategoricalCrossentropy,
  type TensorEntry,
  trainStep,
} from '@anke/nn';
import { notebookModel } from '../recipe/notebook.js';
import { RESCALE } from '../samples.js';
import { type GoldenRun, goldenName, OPTIMIZERS, type OptimizerName } from './golden-run.js';

/** A way to run steps and to look at memory. */
export interface Machine {
  /** Notes a step, to be run by the returned function. */
  prepare(step: (executor: Executor) => StepResult): Promise<{ run(): Promise<void>; readonly result: StepResult }>;
  read(storage: Storage): Promise<ArrayLike<number>>;
  write(storage: Storage, values: ArrayLike<number>, type: 'f32' | 'u32'): void;
}

/** The recorded step on the device: just what training runs. */
export function deviceMachine(gpu: Gpu): Machine {
  return {
    prepare: async (step) => {
      const recorder = new Recorder(gpu);
      const result = step(recorder);
      recorder.keep(result.logits.storage);
      recorder.keep(result.loss.storage);
      const recording: Recording = await recorder.finish();
      return { result, run: async () => recording.submit() };
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
    // Nothing is recorded: each run does the step anew, and the results move along.
    prepare: async (step) => {
      const machine: { result: StepResult; run(): Promise<void> } = {
        result: undefined as unknown as StepResult,
        run: async () => {
          machine.result = step(executor);
        },
      };
      return machine;
    },
    read: async (storage) => executor.values(storage).slice(),
    write: (storage, values) => executor.values(storage).set(Array.from(values)),
  };
}

const make: Readonly<Record<OptimizerName, () => Optimizer>> = { adam: () => new Adam(), sgd: () => new SGD() };

const values = (golden: GoldenRun, name: string): ArrayLike<number> => (golden.tensors.get(name) as TensorEntry).values;

/**
 * Trains as the golden run did and returns the same tensors, as this machine computes them.
 *
 * @param golden only its images, labels and first weights are used
 */
export async function replay(gpu: Gpu, machine: Machine, golden: GoldenRun): Promise<Map<string, ArrayLike<number>>> {
  const outputs = new Map<string, ArrayLike<number>>();
  const run = { gpu, machine, golden, outputs };
  for (const name of OPTIMIZERS) {
    const model = notebookModel(golden.shape, { seed: 0, dropout: 0, widths: golden.widths });
    const optimizer = make[name]();
    model.compile({ gpu, optimizer });
    try {
      await replayOptimizer(run, model, name, optimizer);
    } finally {
      model.destroy();
    }
  }
  return outputs;
}

interface Replay {
  readonly gpu: Gpu;
  readonly machine: Machine;
  readonly golden: GoldenRun;
  /** The tensors so far. */
  readonly outputs: Map<string, ArrayLike<number>>;
}

async function replayOptimizer(
  { gpu, machine, golden, outputs }: Replay,
  model: Sequential,
  name: OptimizerName,
  optimizer: Optimizer,
): Promise<void> {
  const { memory, moments } = model.compiled;
  const count = golden.batch * golden.steps;
  const pixels = Uint8Array.from(values(golden, 'images')).subarray(0, count * sizeOf(golden.shape));
  const labels = Uint32Array.from(values(golden, 'labels')).subarray(0, count);
  const data = new DeviceData(gpu, 'golden', { pixels, labels, shape: golden.shape, rescale: RESCALE });
  const totals = gpu.storage('totals', 12);

  // The references have memory of their own, which starts at zero: give them what the device holds.
  const words = new Uint32Array(Math.ceil(pixels.length / 4));
  new Uint8Array(words.buffer).set(pixels);
  machine.write(data.pixels, words, 'u32');
  machine.write(data.labels, labels, 'u32');
  machine.write(
    data.order,
    Uint32Array.from({ length: count }, (_, i) => i),
    'u32',
  );
  machine.write(memory.rate, [optimizer.learningRate], 'f32');
  machine.write(memory.counters, [0, 0], 'u32');
  machine.write(memory.corrections, [0, 0], 'f32');
  machine.write(totals, [0, 0, 0], 'f32');
  for (const moment of moments) machine.write(moment, new Float32Array(moment.bytes / 4), 'f32');
  for (const { name: weight, spec, storage } of memory.slots) {
    const initial = golden.tensors.get(`init/${goldenName(weight)}`)?.values;
    const fresh = new Float32Array(sizeOf(spec.shape)).fill(spec.initializer === 'ones' ? 1 : 0);
    machine.write(storage, initial ?? fresh, 'f32');
  }

  const program = { layers: model.layers, memory, seed: 0 };
  const batch = { size: golden.batch, stride: golden.batch };
  const losses: number[] = [];
  const step = await machine.prepare((executor) =>
    trainStep(executor, program, data, batch, sparseCategoricalCrossentropy, optimizer, moments, totals),
  );
  for (let i = 0; i < golden.steps; i++) {
    await step.run();
    losses.push((await machine.read(step.result.loss.storage))[0] as number);
    if (i > 0 || name !== 'adam') continue;
    outputs.set('step1/logits', await machine.read(step.result.logits.storage));
    for (const { name: weight, storage, gradient } of memory.slots) {
      const key = gradient ? `step1/grad/${goldenName(weight)}` : `step1/${goldenName(weight)}`;
      outputs.set(key, await machine.read(gradient ?? storage));
    }
  }
  outputs.set(`${name}/losses`, losses);
  for (const { name: weight, storage } of memory.slots) {
    outputs.set(`${name}/final/${goldenName(weight)}`, await machine.read(storage));
  }
  machine.write(memory.counters, [0, 0], 'u32');
  const evaluation = await machine.prepare((executor) =>
    evaluateStep(executor, program, data, batch, sparseCategoricalCrossentropy, totals),
  );
  await evaluation.run();
  outputs.set(`${name}/eval_logits`, await machine.read(evaluation.result.logits.storage));
  data.destroy();
}
