/** The options of loading data, and what the readers of the single formats return. */
import type { ImageDataset, ImageShape } from '../dataset.js';
import type { Unzip } from '../formats/npy.js';
import type { DecodePicture } from '../formats/pictures.js';
import type { SourceFile } from '../source.js';
import type { Role } from './roles.js';

export interface LoadOptions {
  /** Reads at most this many training rows. */
  readonly limit?: number | undefined;
  /**
   * (height, width, channels) where the files do not say it; pictures are scaled to it. Without it, pictures of
   * different sizes are scaled to the most frequent one.
   */
  readonly imageShape?: ImageShape | undefined;
  /** Whether a single file must have labels. */
  readonly needs?: 'label' | undefined;
  /** Whether pictures that lie in no folder of a class are read too, as images without labels. */
  readonly loosePictures?: boolean | undefined;
  /** What is read; all, if absent. */
  readonly roles?: readonly Role[] | undefined;
  /** A pixel becomes the number byte · factor + offset; 1/255 and 0, if absent. */
  readonly factor?: number | undefined;
  readonly offset?: number | undefined;
  /** Decodes pictures; without it, a folder of pictures is refused. */
  readonly decodePicture?: DecodePicture | undefined;
  /** Unpacks NumPy's `.npz` files; without it, they are refused. */
  readonly unzip?: Unzip | undefined;
  /** Is told the file that is being read, bytes read, and bytes in all, 0 if unknown. */
  readonly onProgress?: ((file: string, done: number, total: number) => void) | undefined;
}

/** Images that a format's reader has found. */
export interface FoundSet {
  /** Undefined if no name tells what they are for. */
  readonly role: Role | undefined;
  /** What further labelled images are called. */
  readonly name: string;
  readonly data: ImageDataset;
}

/** What has become of a file: `left` are data of which nothing is asked, or more than are asked for. */
export type Taken = 'used' | 'left' | 'unused';

/** Whether images for this are read; images that no name tells of may turn out to be the training data. */
export const isRead = (role: Role | undefined, { roles }: LoadOptions): boolean =>
  role === undefined || !roles || roles.includes(role);

/** How many rows are read for this role at most. */
export const limitOf = (role: Role | undefined, { limit }: LoadOptions): number | undefined =>
  role === 'train' || role === undefined ? limit : undefined;

/** A file that tells how far it has been read. */
export function watched(file: SourceFile, { onProgress }: LoadOptions): SourceFile {
  if (!onProgress) return file;
  return {
    ...file,
    async *pieces() {
      let done = 0;
      onProgress(file.name, 0, file.bytes ?? 0);
      for await (const piece of file.pieces()) {
        done += piece.length;
        onProgress(file.name, done, file.bytes ?? 0);
        yield piece;
      }
    },
  };
}
