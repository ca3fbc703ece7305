/** The runs that this browser keeps: what they came to, as archives, and gone. */
import type { Model } from '@anke/nn';
import {
  formatHistory,
  HISTORY_FILE,
  memoryStore,
  readDataFacts,
  readProgress,
  readText,
  SealedStore,
  SUMS_FILE,
  saveModel,
  WEIGHTS_FILE,
  writeText,
} from '@anke/training';
import { zipSync } from 'fflate';
import type { RunFacts } from '../protocol.js';
import { browserStore, forgetRun, runFiles, runNames } from './browser-store.js';
import { pointsOf } from './points.js';
import { parsedRecipe } from './read-recipe.js';
import { ifFree } from './run-lock.js';
import { RECIPE_FILE } from './run-name.js';

/** All of them, the latest first. */
export async function keptRuns(): Promise<RunFacts[]> {
  const runs = await Promise.all((await runNames()).map(factsOf));
  return runs.filter((run) => run !== undefined).sort((a, b) => b.changed - a.changed);
}

/** Undefined if another tab has just deleted it, or begins it. What is damaged is told, not thrown. */
async function factsOf(id: string): Promise<RunFacts | undefined> {
  try {
    const files = await runFiles(id);
    if (files.size === 0) return undefined;
    const changed = Math.max(...Array.from(files.values(), ({ lastModified }) => lastModified));
    const found = { id, changed, hasModel: files.has(WEIGHTS_FILE) };
    const nothing = { name: id, data: '', points: [], epochs: 0 };
    const told = await read(id).catch((error: Error) => ({ ...nothing, problem: error.message }));
    return { ...told, ...found };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}

async function read(id: string): Promise<Omit<RunFacts, 'id' | 'changed' | 'hasModel'>> {
  const store = new SealedStore(await browserStore(id));
  const recipe = await parsedRecipe((await readText(store, RECIPE_FILE)) ?? '');
  const facts = await readDataFacts(store);
  return {
    name: recipe.name,
    data: facts?.source ?? '',
    points: pointsOf(await readProgress(store)),
    epochs: recipe.phases.reduce((sum, phase) => sum + phase.epochs, 0),
  };
}

/** Deletes a run, unless a tab trains it; returns whether it is gone. */
export const deleteRun = async (id: string): Promise<boolean> =>
  (await ifFree(id, async () => {
    await forgetRun(id);
    return true;
  })) ?? false;

/** Deletes all runs but those that other tabs train. */
export async function deleteRuns(): Promise<void> {
  for (const id of await runNames()) await deleteRun(id);
}

/** A run's folder as a zip archive, as `anke` opens it once it is unpacked. */
export interface PackedRun {
  readonly name: string;
  readonly content: Blob;
}

/**
 * Packs a run.
 *
 * @param model the run's, where it is open: its weights of this moment are packed, and the history up to its last epoch
 * @throws RunError if a file is not what was written
 */
export async function packRun(id: string, model: Model | undefined): Promise<PackedRun> {
  const kept = new SealedStore(await browserStore(id));
  const copy = memoryStore();
  // Its own list of sums: the kept one may be written at this moment.
  const sealed = new SealedStore(copy);
  for (const name of (await runFiles(id)).keys()) {
    const bytes = name === SUMS_FILE ? undefined : await kept.read(name);
    if (bytes) await sealed.write(name, bytes);
  }
  if (model) {
    await saveModel(sealed, model);
    await writeText(sealed, HISTORY_FILE, formatHistory((await readProgress(sealed))?.phases ?? []));
  }
  const { name } = await parsedRecipe((await readText(sealed, RECIPE_FILE)) ?? '');
  const folder = `${name}-${id.slice(0, 6)}`;
  const files = Object.fromEntries([...copy.files].map(([path, bytes]) => [`${folder}/${path}`, bytes]));
  // Not packed: weights are noise to any packer.
  return { name: `${folder}.zip`, content: new Blob([zipSync(files, { level: 0 })]) };
}
