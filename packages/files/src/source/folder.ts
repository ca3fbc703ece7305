/** The files of a folder, and the names in one. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from '@anke/data';
import { FilesError } from '../errors.js';
import { filePieces, reasonOf } from './disk.js';

/** Folders below this depth are not looked into: a split, then a class, is as deep as data sets go. */
const DEEPEST = 3;

/**
 * The files of a folder and of those in it, by name; hidden folders are left out. Whoever reads data passes over hidden
 * files, but can name them.
 *
 * @throws FilesError if a folder cannot be read
 */
export async function* folderFiles(folder: string, prefix = '', depth = 0): AsyncGenerator<SourceFile> {
  for (const entry of namesIn(folder)) {
    const path = join(folder, entry);
    const status = statSync(path, { throwIfNoEntry: false });
    const isHidden = entry.startsWith('.');
    if (status?.isDirectory() && depth < DEEPEST && !isHidden)
      yield* folderFiles(path, `${prefix}${entry}/`, depth + 1);
    else if (status?.isFile()) yield { name: prefix + entry, bytes: status.size, pieces: () => filePieces(path) };
  }
}

/**
 * What a folder holds, in the order of names and of the numbers in them.
 *
 * @throws FilesError if it cannot be read
 */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch (error) {
    throw new FilesError(`${folder}: ${reasonOf(error)}`);
  }
}
