import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../errors.js';
import { filePieces, reasonOf, type SourceFile } from './file.js';

/** Folders below this depth are not looked into: a split, then a class, is as deep as data sets go. */
const DEEPEST = 3;

/**
 * The files of a folder and of those in it, by name; hidden ones are left out.
 *
 * @throws DataError if a folder cannot be read
 */
export async function* folderFiles(folder: string, prefix = '', depth = 0): AsyncGenerator<SourceFile> {
  let names: string[];
  try {
    names = readdirSync(folder).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch (error) {
    throw new DataError(`${folder}: ${reasonOf(error)}`);
  }
  for (const entry of names) {
    if (entry.startsWith('.')) continue;
    const path = join(folder, entry);
    const status = statSync(path, { throwIfNoEntry: false });
    if (status?.isDirectory() && depth < DEEPEST) yield* folderFiles(path, `${prefix}${entry}/`, depth + 1);
    else if (status?.isFile()) yield { name: prefix + entry, bytes: status.size, pieces: () => filePieces(path) };
  }
}
