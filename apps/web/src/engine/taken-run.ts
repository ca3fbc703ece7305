/**
 * A run that comes from elsewhere, as an archive or a folder of its files: of this page in another browser, or of the
 * command line. It is checked as a whole before anything of it is kept.
 */
import { DataError, readWhole, type SourceFile } from '@anke/data';
import {
  FACTS_FILE,
  formatJson,
  memoryStore,
  readDataFacts,
  readProgress,
  readText,
  SealedStore,
  writeText,
} from '@anke/training';
import { browserStore, forgetRun } from './browser-store.js';
import { pointsOf } from './points.js';
import { parsedRecipe, withoutPaths } from './read-recipe.js';
import { ifFree } from './run-lock.js';
import { nameByFacts, RECIPE_FILE } from './run-name.js';

/** A run's files by the names that its store has for them, if that is what the files are. */
export function runAmong(files: readonly SourceFile[]): Map<string, SourceFile> | undefined {
  const recipe = files.find(({ name }) => name === RECIPE_FILE || name.endsWith(`/${RECIPE_FILE}`));
  const folder = recipe?.name.slice(0, -RECIPE_FILE.length) ?? '';
  const within = files.filter(({ name }) => name.startsWith(folder));
  const named = new Map(within.map((file) => [file.name.slice(folder.length), file]));
  return recipe && named.has(FACTS_FILE) ? named : undefined;
}

/**
 * Keeps a run that comes from elsewhere.
 *
 * @param source its name, for messages
 * @returns what there is to say of it
 * @throws DataError if a file is not what the run has written, or nothing could go on from it
 */
export async function takeRun(source: string, files: ReadonlyMap<string, SourceFile>): Promise<string> {
  const fail = (why: string): DataError => new DataError(`${source}: ${why}`);
  const memory = memoryStore();
  for (const [name, file] of files) {
    const parts = name.split('/');
    if (parts.some((part) => part === '' || part === '..')) throw fail(`the name "${name}" leaves the run's folder`);
    if (parts.every((part) => !part.startsWith('.'))) await memory.write(name, await readWhole(file));
  }
  const store = new SealedStore(memory);
  try {
    const [damage] = await store.damage();
    if (damage) throw damage;
    // Of the page's own: the paths mean nothing here.
    const recipe = withoutPaths(await parsedRecipe((await readText(store, RECIPE_FILE)) ?? ''));
    const facts = await readDataFacts(store);
    const id = facts && (await nameByFacts(recipe, facts));
    const epochs = pointsOf(await readProgress(store)).length;
    if (!id || epochs === 0) throw fail('this run has no checkpoint that a training could go on from');
    await writeText(store, RECIPE_FILE, `${formatJson(recipe)}\n`);
    const kept = await ifFree(id, () => keep(id, { epochs, files: memory.files }));
    if (kept === undefined) throw fail('a tab of this browser trains this run at this moment');
    return kept < epochs
      ? `${recipe.name} has come in with ${epochs} epochs; it goes on when you open it.`
      : `${recipe.name} is here already, with ${kept} epochs.`;
  } catch (error) {
    throw error instanceof DataError ? error : fail((error as Error).message);
  }
}

/** Keeps what has come in, unless as many epochs of that run are kept already; returns how many were kept. */
async function keep(
  id: string,
  come: { readonly epochs: number; readonly files: ReadonlyMap<string, Uint8Array> },
): Promise<number> {
  const before = await browserStore(id);
  const epochs = await readProgress(new SealedStore(before)).then(
    (progress) => pointsOf(progress).length,
    () => 0, // damaged: what has come in takes its place
  );
  if (epochs >= come.epochs) return epochs;
  await forgetRun(id);
  const store = await browserStore(id);
  for (const [name, bytes] of come.files) await store.write(name, bytes);
  return epochs;
}
