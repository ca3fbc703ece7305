/** PNG and JPEG files as images of the data set's shape, decoded by sharp. */
import { DataError, type DecodePicture } from '@anke/data';
import type { SharpOptions } from 'sharp';

/** A picture of more pixels than this is not decoded. */
const MOST_PIXELS = 2 ** 26;
/** What a byte of a file can hold: a bit a pixel, packed by deflate as tightly as it can. */
const MOST_PIXELS_A_BYTE = 8 * 1032;
/** No picture of so many pixels takes longer, unless something is wrong with it. */
const MOST_SECONDS = 60;

/** What the decoder calls colour spaces without colours. */
const GREY: readonly string[] = ['b-w', 'grey16'];

const SIGNATURES = [
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], // PNG
  [0xff, 0xd8, 0xff], // JPEG
];

/** Whether the first bytes are those of a PNG or a JPEG: sharp alone would take SVG and a dozen other formats too. */
export const isPngOrJpeg = (bytes: Uint8Array): boolean =>
  SIGNATURES.some((signature) => signature.every((byte, i) => bytes[i] === byte));

/** The whole picture and no damaged one: where only 'truncated' fails, a flipped bit may give other pixels. */
const OPTIONS: SharpOptions = { failOn: 'error', limitInputPixels: MOST_PIXELS };

/** Loaded when it is needed: it takes a while, and only pictures need it. */
async function loadSharp(): Promise<(bytes: Uint8Array, options: SharpOptions) => import('sharp').Sharp> {
  const { default: sharp } = await import('sharp');
  sharp.cache(false); // no picture is decoded twice
  return sharp;
}

/** Loads the decoder, so that the first picture need not wait for it. */
export async function preparePictures(): Promise<void> {
  await loadSharp();
}

const unreadable = (source: string, error: unknown): DataError =>
  new DataError(`${source}: this picture cannot be read (${(error as Error).message.split('\n')[0]})`);

function checkFormat(source: string, bytes: Uint8Array): void {
  if (!isPngOrJpeg(bytes))
    throw new DataError(`${source}: this picture cannot be read (its first bytes are not those of a PNG or a JPEG)`);
}

/**
 * How many pixels a picture has, by its header: nothing is decoded.
 *
 * @throws DataError if it is no PNG or JPEG
 */
export async function countPixels(source: string, bytes: Uint8Array): Promise<number> {
  checkFormat(source, bytes);
  const sharp = await loadSharp();
  try {
    const { width, height } = await sharp(bytes, { ...OPTIONS, limitInputPixels: false }).metadata();
    return width * height;
  } catch (error) {
    throw unreadable(source, error);
  }
}

export const decodePicture: DecodePicture = async (source, bytes, imageShape) => {
  const [height, width, asked] = imageShape ?? [];
  if (![undefined, 1, 3].includes(asked))
    throw new DataError(`${source}: a picture has 1 channel (grey) or 3 (RGB), not ${asked}`);
  checkFormat(source, bytes);
  const sharp = await loadSharp();
  try {
    const picture = sharp(bytes, OPTIONS).timeout({ seconds: MOST_SECONDS });
    const { width: columns, height: rows, space } = await picture.metadata();
    const channels = asked ?? (GREY.includes(space) ? 1 : 3);
    // Else all of them would be made before the end is found to be missing.
    if (columns * rows > MOST_PIXELS_A_BYTE * bytes.length)
      throw new Error(`${bytes.length} bytes cannot hold ${columns} × ${rows} pixels`);
    let image = picture.rotate().flatten({ background: '#000' });
    if (height !== undefined && width !== undefined) image = image.resize({ height, width, fit: 'fill' });
    image = channels === 1 ? image.toColourspace('b-w') : image.toColourspace('srgb');
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { shape: [info.height, info.width, info.channels], pixels: data };
  } catch (error) {
    throw unreadable(source, error);
  }
};
