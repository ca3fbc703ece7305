/** PNG and JPEG files as images of the data set's shape, decoded by sharp. */
import { DataError, type DecodePicture } from '@anke/data';

/** A picture of more pixels than this is not looked at. */
const MOST_PIXELS = 2 ** 26;
/** What a byte of a file can hold: a bit a pixel, packed by deflate as tightly as it can. */
const MOST_PIXELS_A_BYTE = 8 * 1032;

export const decodePicture: DecodePicture = async (source, bytes, imageShape) => {
  const [height, width, channels] = imageShape ?? [undefined, undefined, 1];
  if (channels !== 1 && channels !== 3)
    throw new DataError(`${source}: a picture has 1 channel (grey) or 3 (RGB), not ${channels}`);
  // Loaded here, as it takes a while and only pictures need it.
  const { default: sharp } = await import('sharp');
  try {
    const picture = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' });
    const { width: columns, height: rows } = await picture.metadata();
    // Else all of them would be made before the end is found to be missing.
    if (columns * rows > MOST_PIXELS_A_BYTE * bytes.length)
      throw new Error(`${bytes.length} bytes cannot hold ${columns} × ${rows} pixels`);
    let image = picture.rotate().flatten({ background: '#000' });
    if (height !== undefined) image = image.resize({ height, width, fit: 'fill' });
    image = channels === 1 ? image.toColourspace('b-w') : image.toColourspace('srgb');
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { shape: [info.height, info.width, info.channels], pixels: data };
  } catch (error) {
    throw new DataError(`${source}: this picture cannot be read (${(error as Error).message.split('\n')[0]})`);
  }
};
