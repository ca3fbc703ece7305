/**
 * Where the time of a run's training step goes: a step of a model of its own is timed, kernel by kernel, and the sum is
 * held against what a step took in the run.
 */
import { Session, sizeOf } from '@anke/nn';
import { comparedSamplesOf, makeGoal, makeModel, makeOptimizer, type Phase, type RecipePhase } from '@anke/training';
import type { FinishedRun } from './finished-run.js';
import { byKernel, type KernelShare } from './kernel-shares.js';
import { timeDispatches, timesOf } from './timing.js';

export interface StepTimes {
  readonly kernels: readonly KernelShare[];
  readonly rounds: number;
  /** All kernels together. */
  readonly ms: number;
  /** What a step of the run took by the clock, its share of the validation included; undefined without an epoch. */
  readonly ofRun: number | undefined;
}

/** A step of the first phase on the first images; undefined if the device has no timestamps. */
export async function stepTimes({ gpu, data, recipe, phases }: FinishedRun): Promise<StepTimes | undefined> {
  if (!gpu.device.features.has('timestamp-query')) return undefined;
  const { training, augmentation } = data;
  const batch = Math.min(recipe.batchSize, training.count);
  const { graph } = makeModel(recipe.layers, { seed: 1, inputShape: training.shape, classes: training.classes });
  const session = Session.open(gpu, graph, { storage: recipe.storage });
  const goal = makeGoal(recipe);
  session.compile({ optimizer: makeOptimizer((recipe.phases[0] as RecipePhase).optimizer), ...goal });
  try {
    const compared = { loss: goal.loss, classes: training.classes, outputs: sizeOf(graph.outputShape) };
    const images = session.data.acquire(comparedSamplesOf(training.slice(0, batch), compared), 'report');
    const pass = session.trainer(images, batch, { augmentation });
    await pass.prepare();
    if (!pass.full) return undefined;
    const { rounds, times } = await timeDispatches(pass.full, () => pass.batches.start(0));
    const kernels = byKernel(times);
    const ms = kernels.reduce((sum, one) => sum + one.ms, 0);
    return { kernels, rounds, ms, ofRun: stepOfRun(phases, recipe.stepsPerEpoch ?? Math.ceil(training.count / batch)) };
  } finally {
    session.destroy();
  }
}

/** Milliseconds of a step by the median of the first phase's epochs. */
export function stepOfRun(phases: readonly Phase[], steps: number): number | undefined {
  const seconds = phases.find(({ epochs }) => epochs.length > 0)?.epochs.map((epoch) => epoch.seconds) ?? [];
  return seconds.length > 0 ? (1000 * timesOf(seconds).median) / steps : undefined;
}

/** From here on the two differ by more than validation and waiting explain. */
const DIFFERENT = 4 / 3;

/** Whether the kernels' sum and what a step of the run took fit together, in words. */
export function remarkOn({ ms, ofRun }: Pick<StepTimes, 'ms' | 'ofRun'>): string {
  if (ofRun === undefined) return '';
  const inRun = `In the run, a step took ${ofRun.toFixed(1)} ms by the clock, with its share of the validation`;
  const times = ofRun / ms;
  if (times > DIFFERENT) {
    const why = 'the rest is validation, waiting between kernels, and other work on this machine';
    return `${inRun}: ${times.toFixed(1)} times the kernels’ sum; ${why}.`;
  }
  if (times < 1 / DIFFERENT) {
    const why = 'they were slower when they were timed for this report, so take the times below as shares only';
    return `${inRun}, but the kernels’ sum is ${(1 / times).toFixed(1)} times as much; ${why}.`;
  }
  return `${inRun}.`;
}
