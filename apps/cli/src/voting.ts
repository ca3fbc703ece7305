/** One or several trained models that predict together, each on one or several copies of the images. */
import type { ImageDataset } from '@anke/data';
import type { Gpu } from '@anke/kernels';
import type { Model } from '@anke/nn';
import { samplesOf, slightCopies } from '@anke/training';
import type { Command } from 'commander';
import { positive, seed } from './commands/options.js';
import { CommandError, UsageError } from './errors.js';
import { placeModel, readModel, requireClasses, type StoredModel } from './model-folder.js';

export interface VotingOptions {
  readonly tta: number;
  readonly ttaSeed: number;
}

/** Declares how often, and by which seed, each image is changed for a prediction. */
export const votingOptions = (command: Command): Command =>
  command
    .option('--tta <n>', 'predict n copies, the image and slightly changed ones, and take the mean', positive, 1)
    .option('--tta-seed <n>', 'what the changes of --tta are drawn by', seed, 77);

/** Trained models that have the same classes. */
export interface Voters {
  readonly runs: readonly string[];
  readonly stored: readonly StoredModel[];
  readonly first: StoredModel;
  readonly classes: number;
}

/**
 * Reads the models.
 *
 * @throws UsageError if one is named twice
 * @throws CommandError if one tells no classes apart, or they differ in what they take or tell apart
 */
export async function readVoters(runs: readonly string[]): Promise<Voters> {
  if (new Set(runs).size < runs.length) throw new UsageError('--model: a run is named twice');
  const stored: StoredModel[] = [];
  for (const run of runs) {
    const model = await readModel(run);
    requireClasses(run, model.graph);
    stored.push(model);
  }
  const [first] = stored as [StoredModel];
  const takes = ({ graph, classNames }: StoredModel): string =>
    JSON.stringify([graph.inputShape, graph.outputShape, classNames]);
  const other = stored.findIndex((model) => takes(model) !== takes(first));
  if (other >= 0)
    throw new CommandError(
      `${runs[other]}: it takes other images, or tells other classes apart, than ${runs[0]}: they cannot vote together`,
    );
  return { runs, stored, first, classes: requireClasses(runs[0] as string, first.graph) };
}

/** Puts the models on the device. */
export async function placeVoters({ runs, stored }: Voters, gpu: Gpu): Promise<Model[]> {
  const models: Model[] = [];
  for (const [i, model] of stored.entries()) models.push(await placeModel(runs[i] as string, model, gpu));
  return models;
}

/** Probabilities (images, classes). */
export interface Votes {
  /** Of each model, for the images as they are, and the mean over all copies. */
  readonly members: readonly { readonly plain: Float32Array; readonly mean: Float32Array }[];
  /** The mean of the members'. */
  readonly vote: Float32Array;
}

export interface VoteOptions {
  /** Copies of each image; 1 predicts the images as they are. */
  readonly copies: number;
  readonly seed: number;
  readonly batchSize?: number | undefined;
  /** Of all predictions. */
  readonly onProgress: (done: number, total: number) => void;
}

/** A soft vote: p = Σ_m Σ_t p_m(copy t) / (models · copies). */
export async function votesOf(
  models: readonly Model[],
  images: ImageDataset,
  { copies, seed: by, batchSize, onProgress }: VoteOptions,
): Promise<Votes> {
  const total = images.count * models.length * copies;
  const { gpu } = (models[0] as Model).session;
  const predicted: Float32Array[][] = models.map(() => []);
  let done = 0;
  for await (const copy of slightCopies(gpu, images, copies, by)) {
    for (const [m, model] of models.entries()) {
      const before = done;
      const size = batchSize === undefined ? {} : { batchSize };
      const report = (part: number): void => onProgress(before + part, total);
      predicted[m]?.push(await model.predict(samplesOf(copy), { ...size, onProgress: report }));
      done += images.count;
    }
  }
  const members = predicted.map((all) => ({ plain: all[0] as Float32Array, mean: meanOf(all) }));
  return { members, vote: meanOf(members.map(({ mean }) => mean)) };
}

function meanOf(all: readonly Float32Array[]): Float32Array {
  const [first] = all as [Float32Array];
  if (all.length === 1) return first;
  return first.map((_, i) => all.reduce((sum, one) => sum + (one[i] as number), 0) / all.length);
}
