/** What people have data in: a folder, a zip or tar archive, or a single file; any of its files may be packed by gzip. */
import { closeSync, openSync, readSync } from 'node:fs';
import { DataError } from '../errors.js';
import { plainFile, reasonOf, type SourceFile, statusOf } from './file.js';
import { folderFiles } from './folder.js';
import { gunzipped } from './gzip.js';
import { type ArchiveLimits, Budget, DEFAULT_LIMITS } from './limits.js';
import { tarFiles } from './tar.js';
import { zipFiles } from './zip.js';

export type SourceKind = 'folder' | 'zip' | 'tar' | 'file';

export interface Source {
  readonly path: string;
  readonly kind: SourceKind;
  /** Each file in turn; one must be read before the next is asked for, or not at all. */
  files(): AsyncGenerator<SourceFile>;
}

export interface SourceOptions {
  /** Whether single files that are packed by gzip are unpacked on the way; they are, if absent. */
  readonly gunzip?: boolean;
}

const HEAD = 512;
const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

/** What the first bytes of a file say that it is. */
export const isZip = (head: Uint8Array): boolean => startsWith(head, 'PK\x03\x04') || startsWith(head, 'PK\x05\x06');
export const isGzip = (head: Uint8Array): boolean => startsWith(head, '\x1f\x8b');
export const isTar = (head: Uint8Array): boolean => startsWith(head, 'ustar', 257);

/**
 * Opens a path. What a file is, its first bytes tell; its name only where they do not.
 *
 * @throws DataError if there is nothing at the path, or its name promises an archive that it is not
 */
export async function openSource(
  path: string,
  limits: ArchiveLimits = DEFAULT_LIMITS,
  { gunzip = true }: SourceOptions = {},
): Promise<Source> {
  const unzipped = (files: AsyncGenerator<SourceFile>): AsyncGenerator<SourceFile> =>
    gunzip ? gunzippedFiles(path, files, limits) : files;
  if (statusOf(path).isDirectory()) return { path, kind: 'folder', files: () => unzipped(folderFiles(path)) };
  const file = plainFile(path);
  const head = headOf(path);
  // NumPy's archives of arrays are files of their own kind.
  if ((isZip(head) && !/\.npz$/i.test(path)) || /\.zip$/i.test(path)) {
    return { path, kind: 'zip', files: () => unzipped(zipFiles(path, path, limits)) };
  }
  const budget = (): Budget => new Budget(path, file.bytes ?? 0, limits);
  const tarOf = (pieces: () => AsyncIterable<Uint8Array>): Source => ({
    path,
    kind: 'tar',
    files: () => unzipped(tarFiles(path, pieces())),
  });
  if (isGzip(head)) {
    if (isTar(await firstBytes(gunzipped(file, budget()))) || /\.(tgz|tar\.gz)$/i.test(path)) {
      return tarOf(() => gunzipped(file, budget()).pieces());
    }
  } else if (isTar(head) || /\.tar$/i.test(path)) {
    return tarOf(() => file.pieces());
  } else if (/\.t?gz$/i.test(path)) {
    throw new DataError(`${path}: its name ends as that of a gzip file, but it is none`);
  }
  return {
    path,
    kind: 'file',
    async *files() {
      yield isGzip(head) && gunzip ? gunzipped(file, budget()) : file;
    },
  };
}

/** Unpacks single files that are packed by gzip, on the way. */
async function* gunzippedFiles(
  archive: string,
  files: AsyncGenerator<SourceFile>,
  limits: ArchiveLimits,
): AsyncGenerator<SourceFile> {
  for await (const file of files) {
    const packed = /\.gz$/i.test(file.name) && !/\.tar\.gz$/i.test(file.name);
    yield packed ? gunzipped(file, new Budget(`${archive}, ${file.name}`, file.bytes ?? 0, limits)) : file;
  }
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
    throw new DataError(`${path}: ${reasonOf(error)}`);
  }
}

async function firstBytes(file: SourceFile): Promise<Uint8Array> {
  for await (const piece of file.pieces()) return piece.subarray(0, HEAD);
  return new Uint8Array();
}
