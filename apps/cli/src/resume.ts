/** Runs that stopped before their end: what they were asked for, and how far they had come. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ImageDataset } from '@anke/data';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, FormatError } from '@anke/nn';
import type { DataOptions } from './data-sets.js';
import type { Device, TuningOptions } from './device.js';
import { CommandError } from './errors.js';
import { writeWhole } from './files.js';
import { dataFactsOf, readDataFacts } from './model-folder.js';
import type { ResolvedRecipe } from './recipe/schema.js';

type RunOptions = TuningOptions & Pick<DataOptions, 'maxUnpacked' | 'maxRatio'>;

const FOLDER = 'checkpoint';
const FILE = 'state.safetensors';

/** The checkpoint of the last epoch takes the place of the one before when it is whole. */
export function saveCheckpoint(folder: string, checkpoint: Checkpoint): void {
  mkdirSync(join(folder, FOLDER), { recursive: true });
  writeWhole(join(folder, FOLDER, FILE), encodeCheckpoint(checkpoint));
}

export const hasCheckpoint = (folder: string): boolean => existsSync(join(folder, FOLDER, FILE));

/**
 * Undefined if the run stopped before the end of its first epoch.
 *
 * @throws CommandError if the file is no checkpoint
 */
export function readCheckpoint(folder: string): Checkpoint | undefined {
  if (!hasCheckpoint(folder)) return undefined;
  const path = join(folder, FOLDER, FILE);
  try {
    return decodeCheckpoint(readFileSync(path));
  } catch (error) {
    throw error instanceof FormatError ? new CommandError(`${path}: ${error.message}`) : error;
  }
}

/**
 * What a command was asked for: by its options now, or, with `--resume RUN`, by those that the run was started with.
 *
 * @throws CommandError if the folder holds no run of this command
 */
export function optionsOf<O extends { readonly resume?: string; readonly json?: boolean; readonly quiet?: boolean }>(
  given: O,
  command: string,
): O {
  const { resume, json, quiet } = given;
  if (resume === undefined) return given;
  const path = join(resume, 'config.json');
  if (!existsSync(path))
    throw new CommandError(`${resume}: there is no run in it to go on with (config.json is missing)`);
  let config: O & { readonly command?: string };
  try {
    config = JSON.parse(readFileSync(path, 'utf8')) as typeof config;
  } catch {
    throw new CommandError(`${path}: this is no JSON`);
  }
  if (config.command !== command) {
    throw new CommandError(
      `${resume}: this run was made by "anke ${config.command ?? '?'}"; go on with: anke ${config.command ?? '?'} --resume ${resume}`,
    );
  }
  // What a run that was killed was just writing.
  for (const folder of [resume, join(resume, FOLDER)]) {
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      if (/^\..*\.part$/.test(name)) rmSync(join(folder, name));
    }
  }
  return { ...config, ...(json === undefined ? {} : { json }), ...(quiet === undefined ? {} : { quiet }), resume };
}

/**
 * The recipe that a run was begun with.
 *
 * @throws CommandError if it cannot be read
 */
export async function recipeOfRun(run: string): Promise<ResolvedRecipe> {
  const { checkRecipe, readRecipe } = await import('./recipe/load.js');
  const path = join(run, 'recipe.json');
  return checkRecipe(await readRecipe(path), path);
}

/** What a run's `config.json` says: the command, and how it was to compute. What it was to compute is its recipe. */
export const configOf = (command: string, { tune, kernels, ...options }: RunOptions, { report }: Device): object => ({
  command,
  tune,
  // Paths are kept whole, so that a run can be resumed from anywhere.
  kernels: kernels === undefined ? undefined : resolve(kernels),
  maxUnpacked: options.maxUnpacked,
  maxRatio: options.maxRatio,
  adapter: report.name,
});

/** @throws CommandError if the data is not what the run has begun with */
export function checkSameData(folder: string, training: ImageDataset): void {
  const before = readDataFacts(folder);
  if (!before) return;
  const now = dataFactsOf(training);
  if (JSON.stringify(before.pixels) !== JSON.stringify(now.pixels) || before.images !== now.images) {
    throw new CommandError(`${folder}: this run has begun with other data than ${training.source} holds now`);
  }
}
