/** Reads the data at a path: opens it, and passes the readers Node's functions for pictures and archives. */
import { type DataSets, type ImageDataset, type LoadOptions, loadData, loadImages } from '@anke/data';
import { decodePicture } from './pictures.js';
import { type ArchiveLimits, DEFAULT_LIMITS } from './source/limits.js';
import { openSource } from './source/open.js';
import { zipFiles } from './source/zip.js';

export interface PathOptions extends LoadOptions {
  /** How much archives may unpack to. */
  readonly limits?: ArchiveLimits | undefined;
}

/**
 * All data sets at a path: of a folder, an archive or a single file.
 *
 * @throws DataError if there is nothing at the path, a file is wrong, or two files are for the same
 */
export const loadDataAt = async (path: string, options: PathOptions = {}): Promise<DataSets> =>
  await loadData(await openSource(path, options.limits), withReaders(options));

/**
 * The images at a path that holds one data set; else its test images, or the first others that it has.
 *
 * @throws DataError if there are none, or, if labels are needed, none with labels; or if a file is wrong
 */
export const loadImagesAt = async (path: string, options: PathOptions = {}): Promise<ImageDataset> =>
  await loadImages(await openSource(path, options.limits), withReaders(options));

const withReaders = ({ limits = DEFAULT_LIMITS, ...options }: PathOptions): LoadOptions => ({
  decodePicture,
  unzip: (name, { buffer, byteOffset, length }) => zipFiles(name, Buffer.from(buffer, byteOffset, length), limits),
  ...options,
});
