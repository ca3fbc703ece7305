/** Files that are read piece by piece, wherever they lie. */
import { type Stats, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DataError } from '../errors.js';

export interface SourceFile {
  /** The path in the source, with `/` between its parts; a plain file's own path. */
  readonly name: string;
  /** Length in bytes, as far as it is known before it is read. */
  readonly bytes: number | undefined;
  /**
   * Its content. A piece's memory may be used again once the next one has been asked for.
   *
   * @throws DataError if it cannot be read
   */
  pieces(): AsyncIterable<Uint8Array>;
}

/**
 * A file on the disk.
 *
 * @throws DataError if there is none at the path
 */
export function plainFile(path: string): SourceFile {
  const status = statusOf(path);
  if (status.isDirectory()) throw new DataError(`${path}: this is a folder, and a file is expected`);
  return { name: path, bytes: status.isFile() ? status.size : undefined, pieces: () => filePieces(path) };
}

/** @throws DataError if there is nothing at the path */
export function statusOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw new DataError(`${path}: ${reasonOf(error)}`);
  }
}

/** Enough that asking for a piece costs nothing, and little enough to stay near the processor. */
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
    throw error instanceof DataError ? error : new DataError(`${path}: ${reasonOf(error)}`);
  } finally {
    await file.close();
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    throw new DataError(`${path}: ${reasonOf(error)}`);
  }
}

/** What is reserved at once on an archive's word for a file's length; more, only when it has come. */
const MOST_TRUSTED = 2 ** 24;

/** All of a file in memory. */
export async function readWhole(file: SourceFile): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(file.bytes ?? PIECE, MOST_TRUSTED));
  let length = 0;
  for await (const piece of file.pieces()) {
    if (length + piece.length > bytes.length) {
      const larger = new Uint8Array(Math.max(2 * bytes.length, length + piece.length));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(piece, length);
    length += piece.length;
  }
  return bytes.subarray(0, length);
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
