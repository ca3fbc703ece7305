/** Files that appear whole or not at all, and folders of runs that never overwrite one another. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CommandError } from './errors.js';
import { formatJson } from './json.js';

/** Writes beside the place and moves it there when it is complete. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  if (existsSync(path) && statSync(path).isDirectory())
    throw new CommandError(`${path}: this is a folder, and a file is to be written`);
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    writeFileSync(draft, content, { flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}

/** Room that a run's files need; better to say so before the training than after it. */
const ROOM = 16 * 2 ** 20;

/**
 * Makes an empty folder for a run.
 *
 * @param wanted the folder that the user named; else the next free `runs/<date>-<name>-<n>`
 * @throws CommandError if the folder holds files, cannot be written, or its disk is full
 */
export function makeRunFolder(wanted: string | undefined, name: string): string {
  const folder = wanted ?? nextFree(name);
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
 * Gives work a folder of its own, with the run's configuration and recipe in it, or that of the run that is resumed. If the work fails
 * before it has left a model or a checkpoint, a new folder goes away again.
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
    const kept = ['model.safetensors', 'checkpoint'].some((file) => existsSync(join(folder, file)));
    if (!kept)
      for (const file of ['config.json', 'recipe.json', 'data.json', 'kernels.json', 'model.json'])
        rmSync(join(folder, file), { force: true });
    if (readdirSync(folder).length === 0) rmdirSync(folder);
    throw error;
  }
}

/** Makes a folder and those above it. (Node's own way never returns below /proc.) */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
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
