/** Pictures. The caller passes a decoder: a browser has its own, Node needs a library. */
import type { ImageShape } from '../dataset.js';

export const isPicture = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

export interface Picture {
  readonly shape: ImageShape;
  /** Bytes, row after row. */
  readonly pixels: Uint8Array;
}

/**
 * Decodes a PNG or JPEG picture, scaled to `imageShape` with as many channels as that has; without it, in its own size,
 * with one channel if the file says grey, else with three (RGB). What is transparent becomes black.
 *
 * @param source its name, for messages
 * @throws DataError if the bytes are no picture, or not a whole one
 */
export type DecodePicture = (source: string, bytes: Uint8Array, imageShape: ImageShape | undefined) => Promise<Picture>;
