/** PNG and JPEG files as images of the data set's shape. */
import { DataError } from '../errors.js';

export const isPicture = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

/** A picture of more pixels than this is not looked at. */
const MOST_PIXELS = 2 ** 26;

export interface Picture {
  /** (height, width, channels) */
  readonly shape: readonly [number, number, number];
  readonly pixels: Uint8Array;
}

/**
 * Decodes a picture: in grey, or in RGB if `imageShape` has three channels; scaled to `imageShape` if that is given. What
 * is transparent becomes black.
 *
 * @throws DataError if the bytes are no PNG or JPEG picture, or not a whole one
 */
export async function decodePicture(
  source: string,
  bytes: Uint8Array,
  imageShape: readonly [number, number, number] | undefined,
): Promise<Picture> {
  const [height, width, channels] = imageShape ?? [undefined, undefined, 1];
  if (channels !== 1 && channels !== 3)
    throw new DataError(`${source}: a picture has 1 channel (grey) or 3 (RGB), not ${channels}`);
  // Loaded here, as it takes a while and only pictures need it.
  const { default: sharp } = await import('sharp');
  try {
    let image = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'truncated' })
      .rotate()
      .flatten({ background: '#000' });
    if (height !== undefined) image = image.resize({ height, width, fit: 'fill' });
    image = channels === 1 ? image.toColourspace('b-w') : image.toColourspace('srgb');
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { shape: [info.height, info.width, info.channels], pixels: data };
  } catch (error) {
    throw new DataError(`${source}: this picture cannot be read (${(error as Error).message.split('\n')[0]})`);
  }
}
