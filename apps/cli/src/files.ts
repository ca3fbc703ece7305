/** Files that appear whole or not at all. */
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandError } from './errors.js';

/** Writes beside the path and moves the file there when it is complete. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  if (existsSync(path) && statSync(path).isDirectory())
    throw new CommandError(`${path}: this is a folder, and a file is to be written`);
  // Without the file's own name in it: a program that looks for such files does not take the draft for one.
  const draft = join(dirname(path), `.${process.pid}.part`);
  try {
    writeFileSync(draft, content, { flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}

/** Makes a folder and those above it. (Node's own way never returns below /proc.) */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}
