/** Files on the disk, read piece by piece. */
import { type Stats, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { SourceFile } from '@anke/data';
import { FilesError } from '../errors.js';

/**
 * A file on the disk.
 *
 * @throws FilesError if there is none at the path
 */
export function plainFile(path: string): SourceFile {
  const status = statusOf(path);
  if (status.isDirectory()) throw new FilesError(`${path}: this is a folder, and a file is expected`);
  return { name: path, bytes: status.isFile() ? status.size : undefined, pieces: () => filePieces(path) };
}

/** @throws FilesError if there is nothing at the path */
export function statusOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw new FilesError(`${path}: ${reasonOf(error)}`);
  }
}

/** Bytes of a piece: large enough to make few calls, small enough for the processor's cache. */
const PIECE = 2 ** 20;

/** The pieces of a file on the disk: one is read while the one before is used. */
export async function* filePieces(path: string): AsyncGenerator<Uint8Array> {
  const file = await opened(path);
  try {
    const memory = [new Uint8Array(PIECE), new Uint8Array(PIECE)] as const;
    let next = file.read(memory[0]);
    for (let turn = 1; ; turn++) {
      const { bytesRead, buffer } = await next;
      if (bytesRead === 0) return;
      next = file.read(memory[(turn % 2) as 0 | 1]);
      next.catch(() => undefined); // awaited in the next round
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw error instanceof FilesError ? error : new FilesError(`${path}: ${reasonOf(error)}`);
  } finally {
    await file.close();
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    throw new FilesError(`${path}: ${reasonOf(error)}`);
  }
}

/** What the system says, in words. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const words: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'it may not be read by this user',
    ENOTDIR: 'a part of this path is no folder',
    EISDIR: 'this is a folder, and a file is expected',
  };
  return words[code] ?? (error instanceof Error ? error.message : String(error));
}
