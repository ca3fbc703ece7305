/**
 * The program of a training step, as it is compiled and planned for this device. It is recorded once more for a model
 * of its own, whose weights may change while its dispatches are timed.
 */
import { type DispatchInfo, type DispatchTime, type Gpu, Recorder } from '@anke/kernels';
import { Batches, DeviceData, type Graph, Model, type Samples } from '@anke/nn';
import { makeGoal, makeOptimizer, type ResolvedRecipe } from '@anke/training';
import type { DispatchFacts, ProgramFacts } from '../protocol.js';

/** Replays of which each dispatch's shortest time counts. */
const ROUNDS = 3;

/** @param samples a batch of the training images, with all that the loss compares */
export async function stepProgram(
  gpu: Gpu,
  { graph, recipe, samples }: { readonly graph: Graph; readonly recipe: ResolvedRecipe; readonly samples: Samples },
): Promise<ProgramFacts> {
  const model = Model.of(graph);
  const { batchSize: size, storage, phases } = recipe;
  const optimizer = makeOptimizer((phases[0] as ResolvedRecipe['phases'][number]).optimizer);
  model.compile({ gpu, optimizer, ...makeGoal(recipe), storage });
  const data = new DeviceData(gpu, 'a batch', samples);
  const batches = new Batches(gpu, { data, seed: graph.seed });
  try {
    const record = (fuse: boolean): Recorder => {
      const recorder = new Recorder(gpu, { fuse });
      model.session.train(recorder, batches, { size, stride: 0 });
      return recorder;
    };
    const plain = record(false).program.length;
    const recording = await record(true).finish();
    try {
      const times = gpu.device.features.has('timestamp-query') ? await shortest(() => recording.time()) : [];
      const { buffers, temporaries, planned, naive } = recording.memory;
      const dispatches = recording.infos.map((info, i) => factsOf(info, times[i]));
      return { batchSize: size, dispatches, plain, buffers, tenants: temporaries, planned, naive };
    } finally {
      recording.destroy();
    }
  } finally {
    for (const part of [batches, data, model]) part.destroy();
  }
}

async function shortest(time: () => Promise<DispatchTime[]>): Promise<number[]> {
  let least: number[] = [];
  for (let round = 0; round < ROUNDS; round++)
    least = (await time()).map(({ milliseconds }, i) => Math.min(milliseconds, least[i] ?? Number.POSITIVE_INFINITY));
  return least;
}

const factsOf = (
  { kernel, variant, cost, stage, storages }: DispatchInfo,
  milliseconds: number | undefined,
): DispatchFacts => ({
  kernel,
  variant,
  grid: stage.grid,
  flops: cost.flops,
  bytes: cost.bytes,
  milliseconds,
  bindings: stage.bindings.map(({ name, access }) => ({ name, access, memory: storages[name]?.label ?? '' })),
  sizes: stage.sizes,
  code: stage.code,
});
