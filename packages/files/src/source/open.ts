/** Opens a path as a source of files: a folder, a zip or tar archive, a single file; any file may be gzipped. */
import { closeSync, openSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Source, SourceFile } from '@anke/data';
import { FilesError } from '../errors.js';
import { plainFile, reasonOf, statusOf } from './disk.js';
import { folderFiles, namesIn } from './folder.js';
import { gunzipped } from './gzip.js';
import { type ArchiveLimits, Budget, DEFAULT_LIMITS } from './limits.js';
import { tarFiles } from './tar.js';
import { zipFiles } from './zip.js';

const HEAD = 512;
const startsWith = (bytes: Uint8Array, text: string, offset = 0): boolean =>
  [...text].every((letter, i) => bytes[offset + i] === letter.charCodeAt(0));

/** What the first bytes of a file tell that it is. */
export const isZip = (head: Uint8Array): boolean => startsWith(head, 'PK\x03\x04') || startsWith(head, 'PK\x05\x06');
export const isGzip = (head: Uint8Array): boolean => startsWith(head, '\x1f\x8b');
export const isTar = (head: Uint8Array): boolean => startsWith(head, 'ustar', 257);

/**
 * Opens a path for reading: single files that are packed by gzip are unpacked on the way.
 *
 * @throws FilesError if there is nothing at the path, or its name promises an archive that it is not
 */
export async function openSource(path: string, limits: ArchiveLimits = DEFAULT_LIMITS): Promise<Source> {
  const packed = await openPacked(path, limits);
  const isSingle = packed.kind === 'file';
  return {
    ...packed,
    async *files() {
      for await (const file of packed.files()) {
        // A single file's first bytes tell; one of many is read once only, so that its name has to.
        const isPacked = isSingle ? isGzip(headOf(path)) : /\.gz$/i.test(file.name) && !/\.tar\.gz$/i.test(file.name);
        const name = isSingle ? path : `${path}, ${file.name}`;
        yield isPacked ? gunzipped(file, new Budget(name, file.bytes ?? 0, limits)) : file;
      }
    },
    ...(isSingle ? { beside: (fits) => openBeside(path, fits, limits) } : {}),
  };
}

async function openBeside(
  path: string,
  fits: (name: string) => boolean,
  limits: ArchiveLimits,
): Promise<Source | undefined> {
  const folder = dirname(path);
  const name = namesIn(folder).find((other) => other !== basename(path) && fits(other));
  return name === undefined ? undefined : await openSource(join(folder, name), limits);
}

/**
 * Opens a path with its files as they are: what is packed in an archive or a folder stays packed. What a file is, its
 * first bytes tell; its name only if they do not.
 *
 * @throws FilesError if there is nothing at the path, or its name promises an archive that it is not
 */
export async function openPacked(path: string, limits: ArchiveLimits = DEFAULT_LIMITS): Promise<Source> {
  if (statusOf(path).isDirectory()) return { name: path, kind: 'folder', files: () => folderFiles(path) };
  const file = plainFile(path);
  const head = headOf(path);
  // NumPy's archives of arrays are files of their own kind.
  if ((isZip(head) && !/\.npz$/i.test(path)) || /\.zip$/i.test(path))
    return { name: path, kind: 'archive', files: () => zipFiles(path, path, limits) };
  const unpacked = (): SourceFile => gunzipped(file, new Budget(path, file.bytes ?? 0, limits));
  if (isGzip(head)) {
    if (isTar(await firstBytes(unpacked())) || /\.(tgz|tar\.gz)$/i.test(path))
      return { name: path, kind: 'archive', files: () => tarFiles(path, unpacked().pieces()) };
  } else if (isTar(head) || /\.tar$/i.test(path)) {
    return { name: path, kind: 'archive', files: () => tarFiles(path, file.pieces()) };
  } else if (/\.t?gz$/i.test(path)) {
    throw new FilesError(`${path}: its name ends as that of a gzip file, but it is none`);
  }
  return {
    name: path,
    kind: 'file',
    async *files() {
      yield file;
    },
  };
}

function headOf(path: string): Uint8Array {
  const head = new Uint8Array(HEAD);
  try {
    const file = openSync(path, 'r');
    try {
      return head.subarray(0, readSync(file, head, 0, HEAD, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new FilesError(`${path}: ${reasonOf(error)}`);
  }
}

async function firstBytes(file: SourceFile): Promise<Uint8Array> {
  for await (const piece of file.pieces()) return piece.subarray(0, HEAD);
  return new Uint8Array();
}
