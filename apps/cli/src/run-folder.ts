/** Folders of runs: as stores, made anew for each run, never overwriting one another. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHECKPOINT_FILE, CHOICES_FILE, formatJson, LAYERS_FILE, type Store, WEIGHTS_FILE } from '@anke/training';
import { CommandError } from './errors.js';
import { makeFolder, writeWhole } from './files.js';

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

/** Room that a run's files need; better to say so before the training than after it. */
const ROOM = 16 * 2 ** 20;

/**
 * Makes an empty folder for a run.
 *
 * @param named the folder that the user named; else the next free `runs/<date>-<name>-<n>`
 * @throws CommandError if the folder holds files, cannot be written, or its disk is full
 */
export function makeRunFolder(named: string | undefined, name: string): string {
  const folder = named ?? nextFree(name);
  const existed = existsSync(folder);
  if (existed && !statSync(folder).isDirectory())
    throw new CommandError(`${folder}: this is a file, and a run needs a folder of its own`);
  if (existed && readdirSync(folder).length > 0) {
    throw new CommandError(`${folder}: this folder is not empty; a run overwrites nothing, so name another with --out`);
  }
  try {
    makeFolder(folder);
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < ROOM)
      throw new CommandError(`${folder}: the disk is full (${Math.floor((bavail * bsize) / 2 ** 20)} MiB left)`);
    const probe = join(folder, '.probe');
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    if (!existed && existsSync(folder)) rmdirSync(folder);
    throw error instanceof CommandError ? error : Object.assign(error as NodeJS.ErrnoException, { path: folder });
  }
  return folder;
}

/**
 * Gives work a folder of its own, with the run's configuration and recipe in it, or that of the run that is resumed. If
 * the work fails before it has left a model or a checkpoint, a new folder goes away again.
 */
export async function inRunFolder<T>(
  { out, resume }: { readonly out?: string; readonly resume?: string },
  name: string,
  { config, recipe }: { readonly config: object; readonly recipe: object },
  work: (folder: string) => Promise<T>,
): Promise<T> {
  if (resume !== undefined) return await work(resume);
  const folder = makeRunFolder(out, name);
  try {
    writeWhole(join(folder, 'recipe.json'), `${formatJson(recipe)}\n`);
    writeWhole(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
    return await work(folder);
  } catch (error) {
    const kept = [WEIGHTS_FILE, dirname(CHECKPOINT_FILE)].some((file) => existsSync(join(folder, file)));
    if (!kept)
      for (const file of ['config.json', 'recipe.json', 'data.json', CHOICES_FILE, LAYERS_FILE])
        rmSync(join(folder, file), { force: true });
    if (readdirSync(folder).length === 0) rmdirSync(folder);
    throw error;
  }
}

function nextFree(name: string): string {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  for (let n = 1; ; n++) {
    const folder = join('runs', `${date}-${name}-${n}`);
    if (!existsSync(folder)) return folder;
  }
}
