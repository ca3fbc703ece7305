/** A trial: the base recipe with values of its own, in a run folder that its recipe's hash names. */
import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  bestValue,
  checkRecipe,
  type EpochRecord,
  type ResolvedRecipe,
  type ResolvedSweep,
  readProgress,
  type Value,
  type Values,
} from '@anke/training';
import { CommandError, explain } from '../errors.js';
import { keysOf, setAt } from '../recipe-path.js';
import { readResults } from '../results.js';
import { CONFIG_FILE, fromRun, RECIPE_FILE } from '../run-files.js';

export interface Trial {
  readonly values: Values;
  /** By which it is found again; the run folder's name. */
  readonly hash: string;
  readonly recipe: ResolvedRecipe;
}

/**
 * @param where what the messages begin with
 * @throws RecipeError or UsageError if the recipe does not have what a value is for
 */
export async function makeTrial(base: ResolvedRecipe, values: Values, where: string): Promise<Trial> {
  const written = structuredClone(base);
  for (const [path, value] of Object.entries(values)) {
    const keys = keysOf(path);
    if (!keys) throw new CommandError(`${where}: no recipe has a path ${path}: see "anke recipe"`);
    setAt(written, keys, value);
  }
  const recipe = await checkRecipe(written, where);
  const hash = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16);
  return { values, hash, recipe };
}

/** How far a trial has come, as its folder tells. */
export interface TrialProgress {
  readonly records: readonly EpochRecord[];
  /** Whether all that its last training was asked for is done and written. */
  readonly isWhole: boolean;
  /** Whether it has stopped by itself before the last epoch. */
  readonly hasStopped: boolean;
  /** Why it can neither begin nor go on. */
  readonly error?: string | undefined;
}

/** Of a trial that has not begun. */
export const NOTHING_YET: TrialProgress = { records: [], isWhole: false, hasStopped: false };

/** What is damaged is told, not thrown. */
export async function progressOf(folder: string): Promise<TrialProgress> {
  if (!existsSync(join(folder, CONFIG_FILE))) return NOTHING_YET;
  try {
    return await fromRun(folder, async (store) => {
      const results = await readResults(store);
      const progress = await readProgress(store);
      if (!progress) return { ...NOTHING_YET, error: results.error };
      const { phases, ended, planned = 0 } = progress;
      const records = phases.flatMap(({ epochs }) => epochs);
      return {
        records,
        // The results come last of all that a run writes, and stay as they were while it goes on.
        isWhole: ended && results.epochs === records.length,
        hasStopped: ended && (phases.length > 1 || (phases.at(-1)?.epochs.length ?? 0) < planned),
        error: results.error,
      };
    });
  } catch (error) {
    return { ...NOTHING_YET, error: explain(error).message };
  }
}

/** A trial's value after so many epochs: null if it cannot come there, undefined if it has not yet. */
export function valueAfter(
  { records, isWhole, hasStopped, error }: TrialProgress,
  epochs: number,
  { metric, goal }: ResolvedSweep,
): Value {
  const hasCome = records.length > epochs || (isWhole && (records.length === epochs || hasStopped));
  if (hasCome)
    return bestValue(
      records.slice(0, epochs).map((record) => record[metric]),
      goal,
    );
  return error === undefined ? undefined : null;
}

/**
 * What `anke` is called with for a trial to train up to so many epochs: anew, or from where it has stopped. What a
 * process has left that was killed before there was anything to go on from is deleted.
 *
 * @param epochs undefined if the recipe's are meant
 */
export function wordsFor(
  { hash, values }: Trial,
  {
    folder,
    kernels,
    epochs,
  }: { readonly folder: string; readonly kernels?: string | undefined; readonly epochs?: number | undefined },
): string[] {
  const run = join(folder, 'trials', hash);
  const some = epochs === undefined ? [] : ['--epochs', String(epochs)];
  if (existsSync(join(run, CONFIG_FILE))) return ['train', '--resume', run, ...some, '--json'];
  rmSync(run, { recursive: true, force: true });
  const settings = Object.entries(values).flatMap(([path, value]) => ['--set', `${path}=${JSON.stringify(value)}`]);
  // Variants that are timed beside other trials would be chosen by chance, and with them the bits.
  const variants = kernels === undefined ? ['--no-tune'] : ['--kernels', kernels];
  return ['train', '--recipe', join(folder, RECIPE_FILE), ...settings, ...some, '--out', run, ...variants, '--json'];
}
