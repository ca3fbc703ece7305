/** Unpacks archives into folders, which appear whole or not at all. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError } from '../errors.js';
import { baseName } from '../roles.js';
import type { SourceFile } from '../source/file.js';
import type { ArchiveLimits } from '../source/limits.js';
import { openSource } from '../source/source.js';

export interface Unpacked {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Unpacks a zip or tar archive; a file that is no archive is moved into the folder as it is.
 *
 * @param name what a single file is called there
 * @throws DataError if the folder exists, or the archive is damaged or dangerous: then no folder appears
 */
export async function unpack(
  archive: string,
  folder: string,
  name: string,
  limits: ArchiveLimits,
  onProgress: (bytes: number) => void = () => undefined,
): Promise<Unpacked> {
  if (existsSync(folder)) throw new DataError(`${folder}: it is there already`);
  const draft = join(dirname(folder), `.${basename(folder)}.unpacking`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  try {
    const source = await openSource(archive, limits, { gunzip: false });
    let files = 0;
    let bytes = 0;
    for await (const file of source.files()) {
      const place = join(draft, source.kind === 'file' ? baseName(name) : file.name);
      bytes += await write(file, place, (done) => onProgress(bytes + done));
      files++;
    }
    renameSync(draft, folder);
    return { files, bytes };
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
}

async function write(source: SourceFile, place: string, onProgress: (done: number) => void): Promise<number> {
  mkdirSync(dirname(place), { recursive: true });
  const file = await open(place, 'wx');
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
