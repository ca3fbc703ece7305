/**
 * Files that appear whole or not at all, also where a process is killed or the power fails: they are written under a
 * draft's name in the same folder, brought to the disk, renamed, and the folder, which holds the names, is brought to
 * the disk as well. All writing goes through the few operations of `DISK`, so that a test can record them.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { FilesError } from './errors.js';

/** What is done to a disk. */
export interface Disk {
  write(path: string, content: string | Uint8Array): void;
  /** Returns when the content of a file, or the names in a folder, are on the disk itself. */
  sync(path: string): void;
  rename(from: string, to: string): void;
  /** Does nothing where there is no such file. */
  remove(path: string): void;
  makeFolder(path: string): void;
}

export const DISK: Disk = {
  write: (path, content) => writeFileSync(path, content),
  sync: (path) => {
    const isFolder = statSync(path).isDirectory();
    // Windows cannot open a folder, and brings its names to the disk by itself.
    if (isFolder && process.platform === 'win32') return;
    const file = openSync(path, isFolder ? 'r' : 'r+');
    try {
      fsyncSync(file);
    } catch (error) {
      // Some file systems have no such operation for folders.
      if (!isFolder || (error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    } finally {
      closeSync(file);
    }
  },
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  makeFolder: (path) => mkdirSync(path),
};

/** Whether a file's name is that of a draft, which a killed process may have left. */
export const isDraft = (name: string): boolean => /^\.\d+\.part$/.test(name);

/** @throws FilesError if there is a folder of this name; what the disk throws names the path */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const there = existsSync(path) ? statSync(path) : undefined;
  if (there?.isDirectory()) throw new FilesError(`${path}: this is a folder, and a file is to be written`);
  // A pipe or a device, such as /dev/null, is written into; nothing may take its place.
  if (there && !there.isFile()) {
    DISK.write(path, content);
    return;
  }
  // Without the file's own name in it: a program that looks for such files does not take the draft for one.
  const draft = join(dirname(path), `.${process.pid}.part`);
  try {
    DISK.write(draft, content);
    DISK.sync(draft);
    moveWhole(draft, path);
  } catch (error) {
    DISK.remove(draft);
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}

/** Gives a file or folder, whose content is on the disk already, its name in the same folder. */
export function moveWhole(from: string, to: string): void {
  DISK.rename(from, to);
  DISK.sync(dirname(to));
}

/** Makes a folder and those above it. (Node's own way never returns below /proc.) */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  DISK.makeFolder(folder);
  DISK.sync(dirname(folder));
}
