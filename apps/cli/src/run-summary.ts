/** What a run's folder tells of it: how far it has come, how well, on what. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isHeld } from '@anke/files';
import {
  checkRecipe,
  type DataFacts,
  type EpochRecord,
  HISTORY_FILE,
  hasDiverged,
  isOver,
  parseHistory,
  type ResolvedRecipe,
  readDataFacts,
  readProgress,
  readText,
  type Store,
  WEIGHTS_FILE,
} from '@anke/training';
import { explain } from './errors.js';
import { parseJson } from './json.js';
import { readResults } from './results.js';
import { CONFIG_FILE, fromRun, RECIPE_FILE } from './run-files.js';
import { LOCK } from './run-folder.js';

/** `imported`: a model that was made of weights from elsewhere. */
export type RunState = 'finished' | 'interrupted' | 'running' | 'diverged' | 'damaged' | 'imported';

export interface RunSummary {
  readonly run: string;
  readonly state: RunState;
  /** What is damaged, or what a training stopped at. */
  readonly reason?: string | undefined;
  /** When it was written to last, as ISO 8601. */
  readonly date: string;
  /** Of all phases, one after the other. */
  readonly records: readonly EpochRecord[];
  /** Of the epoch with the least validation loss; absent if none was validated. */
  readonly best?: { readonly epoch: number; readonly val_loss: number; readonly val_accuracy?: number } | undefined;
  /** Of all epochs. */
  readonly seconds: number;
  /** Accuracies on other images than those of validation, by their name. */
  readonly scores: Readonly<Record<string, number>>;
  readonly recipe?: ResolvedRecipe | undefined;
  readonly facts?: DataFacts | undefined;
}

/** Whether a folder holds a run, or a model that was imported. */
export const isRun = (folder: string): boolean =>
  [CONFIG_FILE, WEIGHTS_FILE].some((file) => existsSync(join(folder, file)));

/** What is damaged is told in the summary, not thrown. */
export async function summaryOf(run: string): Promise<RunSummary> {
  const date = dateOf(run);
  const nothing = { run, date, records: [], seconds: 0, scores: {} };
  try {
    return await fromRun(run, (store) => read(run, date, store));
  } catch (error) {
    return { ...nothing, state: 'damaged', reason: explain(error).message };
  }
}

async function read(run: string, date: string, store: Store): Promise<RunSummary> {
  const path = join(run, RECIPE_FILE);
  const text = await readText(store, RECIPE_FILE);
  const recipe = text === undefined ? undefined : await checkRecipe(parseJson(path, text), path);
  const results = await readResults(store);
  const history = await readText(store, HISTORY_FILE);
  const isRunning = isHeld(join(run, LOCK));
  let records = history === undefined ? [] : parseHistory(history).map(({ record }) => record);
  let isFinished = results.epochs === records.length;
  if (recipe && (isRunning || !isFinished)) {
    // A run that was killed has left checkpoints alone; they are long, so they are read only where they are needed.
    const progress = await readProgress(store);
    records = progress?.phases.flatMap(({ epochs }) => epochs) ?? [];
    const { length } = recipe.phases;
    const planned = recipe.phases.at(-1)?.epochs ?? 0;
    isFinished = progress !== undefined && progress.phases.length === length && isOver(progress, planned);
  }
  const validated = records.flatMap(({ val_loss, val_accuracy }, i) =>
    val_loss === undefined ? [] : [{ epoch: i + 1, val_loss, ...(val_accuracy === undefined ? {} : { val_accuracy }) }],
  );
  const [first, ...rest] = validated;
  const ended = isFinished ? 'finished' : 'interrupted';
  const isLost = results.error !== undefined || (recipe !== undefined && hasDiverged(records, recipe));
  return {
    run,
    state: recipe ? (isRunning ? 'running' : isLost ? 'diverged' : ended) : 'imported',
    reason: results.error,
    date,
    records,
    best: first && rest.reduce((best, next) => (next.val_loss < best.val_loss ? next : best), first),
    seconds: records.reduce((sum, { seconds }) => sum + seconds, 0),
    scores: results.accuracy,
    recipe,
    facts: await readDataFacts(store),
  };
}

function dateOf(run: string): string {
  const files = [WEIGHTS_FILE, 'checkpoint', CONFIG_FILE].map((file) => join(run, file)).filter(existsSync);
  return new Date(Math.max(...files.map((file) => statSync(file).mtimeMs))).toISOString();
}
