/** Folders of runs: made anew for each run, used by one process at a time, never overwriting one another. */
import { existsSync, readdirSync, rmdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DISK, isDraft, isLockFile, makeFolder, takeLock } from '@anke/files';
import {
  CHOICES_FILE,
  FACTS_FILE,
  formatJson,
  LAYERS_FILE,
  readText,
  SealedStore,
  type Store,
  SUMS_FILE,
  writeText,
} from '@anke/training';
import { CommandError } from './errors.js';
import { quoted } from './invocation.js';
import { CONFIG_FILE, folderStore, hasProgress, RECIPE_FILE } from './run-files.js';

/** Room that a run's files need; better to say so before the training than after it. */
const ROOM = 16 * 2 ** 20;
export const LOCK = '.lock';

/** A run's folder that this process alone may write into. */
export interface OwnFolder {
  readonly folder: string;
  /** Lets others have it; a folder in which nothing is goes away. */
  release(): void;
}

/**
 * Makes an empty folder for a run.
 *
 * @param named the folder that the user named; else the next free `runs/<date>-<name>-<n>`
 * @throws CommandError if the folder holds files, cannot be written, or its disk is full
 * @throws LockedError if another process has just made it
 */
export async function makeRunFolder(named: string | undefined, name: string): Promise<OwnFolder> {
  const folder = named ?? nextFree(name);
  const existed = named !== undefined && existsSync(folder);
  if (existed && !statSync(folder).isDirectory())
    throw new CommandError(`${folder}: this is a file, and a run needs a folder of its own`);
  if (existed) refuseFilled(folder);
  let own: OwnFolder | undefined;
  try {
    makeFolder(folder);
    own = await lockFolder(folder);
    refuseFilled(folder);
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < ROOM)
      throw new CommandError(`${folder}: the disk is full (${Math.floor((bavail * bsize) / 2 ** 20)} MiB left)`);
    return own;
  } catch (error) {
    own?.release();
    if (!own && !existed && existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
    const isOfSystem = (error as NodeJS.ErrnoException).code !== undefined;
    throw isOfSystem ? Object.assign(error as NodeJS.ErrnoException, { path: folder }) : error;
  }
}

function refuseFilled(folder: string): void {
  const files = readdirSync(folder).filter((file) => !isLockFile(LOCK, file));
  if (files.length === 0) return;
  const resume = files.includes(RECIPE_FILE) ? `, or go on with the run in it by --resume ${quoted(folder)}` : '';
  const advice = `a run overwrites nothing, so name another with --out${resume}`;
  throw new CommandError(`${folder}: this folder is not empty; ${advice}`);
}

/** @throws LockedError if another process has it */
export async function lockFolder(folder: string): Promise<OwnFolder> {
  const release = await takeLock(join(folder, LOCK), folder);
  return {
    folder,
    release: () => {
      release();
      if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
    },
  };
}

/** The folder of a run that is to go on, without the drafts of files that it was just writing when it was killed. */
async function openRunFolder(folder: string): Promise<OwnFolder> {
  const own = await lockFolder(folder);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (isDraft(basename(file))) rmSync(join(folder, file));
  return own;
}

/**
 * Gives work a folder of its own, with the run's configuration and recipe in it, or that of the run that is resumed. If
 * the work fails before it has left a model or a checkpoint, a new folder goes away again.
 */
export async function inRunFolder<T>(
  { out, resume }: { readonly out?: string; readonly resume?: string },
  name: string,
  { config, recipe }: { readonly config: object; readonly recipe: object },
  work: (folder: string, store: Store) => Promise<T>,
): Promise<T> {
  const { folder, release } = resume === undefined ? await makeRunFolder(out, name) : await openRunFolder(resume);
  const store = new SealedStore(folderStore(folder));
  try {
    // A resumed run may be asked for more epochs.
    const text = `${formatJson(recipe)}\n`;
    if ((await readText(store, RECIPE_FILE)) !== text) await writeText(store, RECIPE_FILE, text);
    if (resume === undefined) {
      await writeText(store, CONFIG_FILE, `${JSON.stringify(config, null, 2)}\n`);
    }
    return await work(folder, store);
  } catch (error) {
    if (resume === undefined && !hasProgress(folder)) {
      const begun = [CONFIG_FILE, RECIPE_FILE, FACTS_FILE, CHOICES_FILE, LAYERS_FILE, SUMS_FILE];
      for (const file of begun) rmSync(join(folder, file), { force: true });
    }
    throw error;
  } finally {
    release();
  }
}

/** Makes the next free folder, and leaves it empty. */
function nextFree(name: string): string {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  makeFolder('runs');
  for (let n = 1; ; n++) {
    const folder = join('runs', `${date}-${name}-${n}`);
    try {
      DISK.makeFolder(folder);
      DISK.sync('runs');
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
