/** Files that are packed by gzip, unpacked on the way. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { SourceFile } from '@anke/data';
import { FilesError } from '../errors.js';
import type { Budget } from './limits.js';

const PIECE = 2 ** 18;

/** A `.gz` file as what is packed in it, under its name without the ending. */
export function gunzipped(file: SourceFile, budget: Budget): SourceFile {
  return {
    name: file.name.replace(/\.gz$/i, '').replace(/\.tgz$/i, '.tar'),
    bytes: undefined,
    async *pieces() {
      const gunzip = createGunzip({ chunkSize: PIECE });
      // The streams read ahead, and a piece's memory is used again: so each is copied.
      const copies = async function* (): AsyncGenerator<Buffer> {
        for await (const piece of file.pieces()) yield Buffer.from(piece);
      };
      pipeline(Readable.from(copies()), gunzip, () => undefined); // errors come out of the loop below
      try {
        for await (const piece of gunzip as AsyncIterable<Buffer>) {
          budget.spend(piece.length);
          yield piece;
        }
      } catch (error) {
        if (error instanceof FilesError) throw error;
        const truncated = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
        throw new FilesError(
          `${file.name}: ${truncated ? 'its end is missing' : `it cannot be unpacked (${(error as Error).message})`}`,
        );
      } finally {
        gunzip.destroy();
      }
    },
  };
}
