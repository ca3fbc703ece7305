/** Unpacks archives into folders, which appear whole or not at all. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SourceFile } from '@anke/data';
import { FilesError } from '../errors.js';
import { takeLock } from '../lock.js';
import type { ArchiveLimits } from '../source/limits.js';
import { openPacked } from '../source/open.js';

export interface Unpacked {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Unpacks a zip or tar archive; a file that is no archive is moved into the folder as it is.
 *
 * @param name what a single file is called there
 * @throws LockedError if another process unpacks into the same folder
 * @throws FilesError if the folder exists, or the archive is damaged or dangerous: then no folder appears
 */
export async function unpack(
  archive: string,
  folder: string,
  name: string,
  limits: ArchiveLimits,
  onProgress: (bytes: number) => void = () => undefined,
): Promise<Unpacked> {
  if (existsSync(folder)) throw new FilesError(`${folder}: it is there already`);
  const draft = join(dirname(folder), `.${basename(folder)}.unpacking`);
  // Two that write into one draft would mix it.
  const release = await takeLock(`${draft}.lock`, folder);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  try {
    const source = await openPacked(archive, limits);
    let files = 0;
    let bytes = 0;
    for await (const file of source.files()) {
      const target = join(draft, source.kind === 'file' ? basename(name) : file.name);
      bytes += await write(file, target, (done) => onProgress(bytes + done));
      files++;
    }
    renameSync(draft, folder);
    return { files, bytes };
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  } finally {
    release();
  }
}

async function write(source: SourceFile, path: string, onProgress: (done: number) => void): Promise<number> {
  mkdirSync(dirname(path), { recursive: true });
  const file = await open(path, 'wx');
  let done = 0;
  try {
    for await (const piece of source.pieces()) {
      await file.writeFile(piece);
      done += piece.length;
      onProgress(done);
    }
  } finally {
    await file.close();
  }
  return done;
}
