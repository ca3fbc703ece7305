/** Files that were dropped on the page, as a data set. They are read where they lie; nothing is sent anywhere. */
import { checkExtraClasses, DataError, loadData, requireTraining, type Source, type SourceFile } from '@anke/data';
import type { DroppedFile } from '../protocol.js';
import { checkUnpacked } from './limits.js';
import { decodePicture } from './picture.js';
import { piecesOf } from './pieces.js';
import type { OwnData } from './run-data.js';
import { zipFiles } from './zip.js';

const isZip = (name: string): boolean => /\.zip$/i.test(name);
const isPacked = (name: string): boolean => /\.gz$/i.test(name);

/** A file as the readers see it, without what gzip has done to it. */
const asFile = ({ path, file }: DroppedFile): SourceFile =>
  isPacked(path)
    ? { name: path.replace(/\.gz$/i, ''), bytes: undefined, pieces: () => gunzipped(path, file) }
    : { name: path, bytes: file.size, pieces: () => piecesOf(file) };

async function* gunzipped(path: string, file: File): AsyncGenerator<Uint8Array> {
  let length = 0;
  try {
    for await (const piece of piecesOf(file, 'gzip')) {
      length += piece.length;
      checkUnpacked(path, length, file.size);
      yield piece;
    }
  } catch (error) {
    throw error instanceof DataError ? error : new DataError(`${path}: it is damaged (${(error as Error).message})`);
  }
}

/**
 * What was dropped, as a source.
 *
 * @param name of the folder, or of the file that was dropped alone
 */
export function sourceOf(name: string, files: readonly DroppedFile[]): Source {
  const [first] = files;
  if (!first) throw new Error('nothing was dropped that a data set could be read from');
  if (files.length === 1 && isZip(first.path))
    return { name, kind: 'archive', files: () => zipFiles(first.path, first.file) };
  return {
    name,
    kind: files.length === 1 ? 'file' : 'folder',
    async *files() {
      for (const file of files) {
        if (isZip(file.path)) yield* zipFiles(file.path, file.file);
        else yield asFile(file);
      }
    },
  };
}

/** @throws DataError that says which file is wrong, and where */
export async function readDropped(source: Source): Promise<OwnData> {
  const { name } = source;
  const sets = await loadData(source, {
    needs: 'label',
    roles: ['train', 'validation'],
    decodePicture,
    unzip: (archive, bytes) => zipFiles(archive, new Blob([bytes as Uint8Array<ArrayBuffer>])),
  });
  const train = requireTraining(name, sets);
  checkExtraClasses(sets);
  const validation = train.classNames ? sets.validation?.withClasses(train.classNames) : sets.validation;
  return { name, train, validation };
}
