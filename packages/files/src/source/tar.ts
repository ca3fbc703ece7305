/** Tar archives, read in their order. */
import { pipeline, Readable } from 'node:stream';
import type { SourceFile } from '@anke/data';
import tar from 'tar-stream';
import { FilesError } from '../errors.js';
import { entryName } from './names.js';

const BLOCK = 512;

/**
 * The files of a tar archive, in its order; what has not been read of one is skipped when the next is asked for.
 *
 * @throws FilesError if it is no tar archive, is cut off, or has links or dangerous names in it
 */
export async function* tarFiles(archive: string, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<SourceFile> {
  const extract = tar.extract();
  let total = 0;
  let lastNonZero = 0;
  const watched = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      let end = piece.length;
      while (end > 0 && piece[end - 1] === 0) end--;
      if (end > 0) lastNonZero = total + end;
      total += piece.length;
      // The streams read ahead, and a piece's memory is used again: so each is copied.
      yield Buffer.from(piece);
    }
  };
  // Errors come out of the loop below.
  pipeline(Readable.from(watched()), extract as unknown as NodeJS.WritableStream, () => undefined);
  const names = new Set<string>();
  try {
    for await (const entry of extract) {
      const { type, size } = entry.header;
      const name = entryName(archive, entry.header.name);
      const refuse = (why: string): FilesError =>
        new FilesError(`${archive}: the entry "${name}" ${why}; nothing of the archive is used`);
      // Without a size, its content would have no end.
      if (!Number.isSafeInteger(size)) throw refuse('has a size that is no number');
      if (type === 'symlink' || type === 'link') throw refuse('is a link');
      if (type === 'directory') {
        entry.resume();
        continue;
      }
      if (type !== 'file' && type !== 'contiguous-file') throw refuse(`is neither a file nor a folder, but a ${type}`);
      if (names.has(name)) throw new FilesError(`${archive}: the entry "${name}" is there twice`);
      names.add(name);
      const content = entry[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
      yield { name, bytes: size, pieces: () => rest(archive, content) };
      for await (const _ of rest(archive, content)); // what has not been read
    }
  } catch (error) {
    throw damaged(archive, error);
  } finally {
    extract.destroy();
  }
  // Blocks of zeros mark the end: an archive that was cut off between two entries has none.
  if (total - lastNonZero < BLOCK)
    throw new FilesError(`${archive}: the tar archive has no end mark; its end is missing`);
}

/** What has not been taken of a stream; leaving the loop before its end leaves the stream as it is. */
async function* rest(archive: string, stream: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { value, done } = await stream.next().catch((error) => {
      throw damaged(archive, error);
    });
    if (done) return;
    yield value;
  }
}

/** What went wrong, where the reader of archives says it; an error of our own as it is. */
const damaged = (archive: string, error: unknown): unknown =>
  error instanceof FilesError
    ? error
    : new FilesError(`${archive}: the tar archive is damaged, or its end is missing (${(error as Error).message})`);
