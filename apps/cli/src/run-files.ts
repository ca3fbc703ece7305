/** The files of a run: its folder as a store, and what is said of a file that is not what the run has written. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder, writeWhole } from '@anke/files';
import {
  CHECKPOINT_FILES,
  CHOICES_FILE,
  DamageError,
  FACTS_FILE,
  HISTORY_FILE,
  LAYERS_FILE,
  RunError,
  SealedStore,
  type Store,
  WEIGHTS_FILE,
} from '@anke/training';
import { CommandError } from './errors.js';

export const RECIPE_FILE = 'recipe.json';
/** It comes last of the files that a run begins with: where it is, there is something to resume. */
export const CONFIG_FILE = 'config.json';
export const RESULTS_FILE = 'results.json';

/** A folder as a store. What is no folder, or is not there, holds no file. */
export const folderStore = (folder: string): Store => ({
  read: async (name) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path) : undefined;
  },
  write: async (name, bytes) => {
    const path = join(folder, name);
    makeFolder(dirname(path));
    writeWhole(path, bytes);
  },
});

/**
 * Reads from a run's folder, whose files are checked.
 *
 * @throws CommandError that names the file, and says what to do, if it is not what the run has written
 */
export async function fromRun<T>(folder: string, read: (store: Store) => Promise<T>): Promise<T> {
  try {
    return await read(new SealedStore(folderStore(folder)));
  } catch (error) {
    throw inFolder(folder, error);
  }
}

/** What is wrong with a run, with the path of the file, and what to do about it. */
export function inFolder(folder: string, error: unknown): unknown {
  if (!(error instanceof RunError)) return error;
  const { file = '', reason } = error;
  return new CommandError(
    `${join(folder, file)}: ${reason}${error instanceof DamageError ? remedyFor(folder, file) : ''}`,
  );
}

/** Files that a resumed run writes anew where they are missing. */
const DERIVED = [LAYERS_FILE, WEIGHTS_FILE, HISTORY_FILE, CHOICES_FILE, FACTS_FILE, RESULTS_FILE];

function remedyFor(folder: string, file: string): string {
  const meant = `or, if it was changed on purpose, say so: anke check ${folder} --accept`;
  if (CHECKPOINT_FILES.some((name) => name === file)) return '; put a copy of it there, or begin a new run';
  const anew = DERIVED.includes(file) ? `, or delete it, and let --resume ${folder} write it anew` : '';
  return `; put a copy of the original there${anew}, ${meant}`;
}

/** Whether a run has left what it could be resumed from, or a model. */
export const hasProgress = (folder: string): boolean =>
  [WEIGHTS_FILE, ...CHECKPOINT_FILES].some((file) => existsSync(join(folder, file)));

/** The run that a model's path belongs to: itself, or, of a file, the folder with layers: its own or the one above. */
export function runOf(path: string): string {
  if (!existsSync(path) || statSync(path).isDirectory()) return path;
  const own = dirname(path);
  return existsSync(join(own, LAYERS_FILE)) ? own : join(own, '..');
}
